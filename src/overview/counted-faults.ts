import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../metrics.ts';

/** A count that should stay at 0. */
export interface CountedFault {
  readonly total: number;
  /** When it was last seen to have grown. */
  readonly lastAtMs: number | undefined;
}

/** Watches what should never happen: lines of the log that were lost, requests that nobody answered. */
export class CountedFaults {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  linesLost: CountedFault = NONE;
  unanswered: CountedFault = NONE;

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  async step(): Promise<void> {
    const { accessLogDropped, watchdogEnded } = this.#metrics;
    this.linesLost = this.#grown(this.linesLost, await accessLogDropped.get());
    this.unanswered = this.#grown(this.unanswered, await watchdogEnded.get());
  }

  #grown(before: CountedFault, { values }: { readonly values: readonly { readonly value: number }[] }): CountedFault {
    const total = values.reduce((sum, { value }) => sum + value, 0);
    return total > before.total ? { total, lastAtMs: this.#clock.now() } : before;
  }
}

const NONE: CountedFault = { total: 0, lastAtMs: undefined };
