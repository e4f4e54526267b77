import { GatewayError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { RecentMap } from '../lib/recent-map.ts';

const MINUTE_MS = 60_000;
const REMEMBERED = 10_000;

interface Count {
  minute: number;
  changes: number;
}

/** So many in a minute by each name; at most 10,000 names are remembered. */
class MinuteCounts {
  readonly #counts = new RecentMap<string, Count>(REMEMBERED);
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The count of this minute; throws `rate_limited` where it is full. */
  roomFor(name: string, nowMs: number): Count {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const known = this.#counts.get(name);
    const count = known?.minute === minute ? known : { minute, changes: 0 };
    if (count.changes >= this.#limit) {
      const retryAfterSeconds = Math.ceil(((minute + 1) * MINUTE_MS - nowMs) / 1000);
      const detail = `At most ${this.#limit} changes of keys a minute.`;
      throw new GatewayError('rate_limited', detail, { retryAfterSeconds });
    }
    if (count !== known) this.#counts.set(name, count);
    return count;
  }
}

const CHANGES_OF_ONE = 20;
const CHANGES_OF_ALL = 100;

/** What a change is made with and what it is. */
export interface CountedChange {
  readonly consumer: string;
  /** The key or user that asks for it. */
  readonly by: string;
  readonly isRevocation: boolean;
}

/**
 * A change costs Redis a script, and nobody needs many. Each key is counted by itself, with what it is refused, so that
 * a stolen one keeps nobody from revoking it; what is made is counted for all keys of a consumer too, since each makes
 * others. Revocations that are made count nowhere: there are no more of them than keys.
 */
export class ChangeBound {
  readonly #clock: Clock;
  readonly #ofOne = new MinuteCounts(CHANGES_OF_ONE);
  readonly #ofAll = new MinuteCounts(CHANGES_OF_ALL);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a change, counted. Throws `rate_limited`, and what `make` throws. */
  async count<T>({ consumer, by, isRevocation }: CountedChange, make: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock.now();
    const ofOne = this.#ofOne.roomFor(`${consumer} ${by}`, nowMs);
    const ofAll = isRevocation ? undefined : this.#ofAll.roomFor(consumer, nowMs);
    ofOne.changes += 1;
    const made = await make();
    if (ofAll === undefined) ofOne.changes -= 1;
    else ofAll.changes += 1;
    return made;
  }
}
