import type { RequestContext } from '../context.ts';
import type { Clock } from '../lib/clock.ts';
import type { Kind } from '../pool.ts';
import { MemoryCounter } from './memory-counter.ts';
import { compileWindow } from './window.ts';

/** Wrong credentials that an address may send in a minute before it is told to wait. */
const WINDOW = compileWindow(
  { limit: 20, window: 60_000, by: 'address', algorithm: 'sliding' },
  { kind: 'gateway', name: 'failed-credentials' },
  '',
);

export const failureLimitKind: Kind<FailureLimit> = { name: 'failed-credentials', close() {} };

/**
 * Counts wrong credentials per client address, in this process. It is asked only after a credential has failed, so a
 * valid one is never refused, also from an address that many share.
 */
export class FailureLimit {
  readonly #counter: MemoryCounter;

  constructor(clock: Clock) {
    this.#counter = new MemoryCounter(clock);
  }

  /** Counts one failure; answers the seconds to wait when there have been too many, else undefined. */
  count(context: RequestContext): number | undefined {
    const { allowed, resetSeconds } = this.#counter.decide([WINDOW], context, 1);
    return allowed ? undefined : resetSeconds;
  }
}
