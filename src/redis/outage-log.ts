import type { Logger } from 'winston';

/** Down again sooner than this, for the same reason, it is told only when it lasts. */
const RELAPSE_MS = 10_000;
/** So long a relapse lasts before it is told: longer than a new connection may take. */
const LASTING_MS = 5000;

/**
 * Says that Redis is gone, and that it is back: each once an outage. A Redis that is turned off and on again and again
 * for one and the same reason is one outage.
 */
export class OutageLog {
  readonly #log: Logger;
  #hasSpoken = false;
  #toldReason = '';
  /** When it was last turned on or off, by `performance.now()`. */
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** True while it is down and nobody was told: that it is up again is no news then. */
  #isUntold = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  sayDown(reason: string): void {
    const nowMs = performance.now();
    this.#isUntold = reason === this.#toldReason && nowMs - this.#changedAtMs < RELAPSE_MS;
    this.#changedAtMs = nowMs;
    if (!this.#isUntold) this.#warn(reason);
  }

  sayUp(): void {
    this.#changedAtMs = performance.now();
    if (!this.#isUntold) this.#log.info(this.#hasSpoken ? 'Redis answers again' : 'Redis answers');
    this.#isUntold = false;
    this.#hasSpoken = true;
  }

  /** It is down still: told once, when it was not there at the start, or when a relapse lasts. */
  sayStillDown(reason: string): void {
    if (this.#isUntold ? performance.now() - this.#changedAtMs < LASTING_MS : this.#hasSpoken) return;
    this.#isUntold = false;
    this.#hasSpoken = true;
    this.#warn(reason);
  }

  #warn(reason: string): void {
    this.#toldReason = reason;
    this.#log.warn('Redis does not answer: what it shares is kept in this process until it does', { reason });
  }
}
