import type { Clock } from '../lib/clock.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Kind } from '../pool.ts';

const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;
/** Addresses counted at once, per generation of the map. */
const MAX_ADDRESSES = 10_000;

interface Count {
  failures: number;
  readonly endsAtMs: number;
}

export const failureLimitKind: Kind<FailureLimit> = { name: 'failed-credentials', close() {} };

/**
 * Counts wrong credentials per key, which stands for a client's address. It is asked only after a credential has failed, so a valid one is
 * never refused, also from an address that many share.
 */
export class FailureLimit {
  readonly #clock: Clock;
  readonly #counts = new RecentMap<string, Count>(MAX_ADDRESSES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one failure; answers the seconds to wait when there have been too many, else undefined. */
  count(key: string): number | undefined {
    const nowMs = this.#clock.now();
    let count = this.#counts.get(key);
    if (count === undefined || count.endsAtMs <= nowMs) {
      count = { failures: 0, endsAtMs: nowMs + WINDOW_MS };
      this.#counts.set(key, count);
    }
    count.failures += 1;
    return count.failures > MAX_FAILURES ? Math.ceil((count.endsAtMs - nowMs) / 1000) : undefined;
  }
}
