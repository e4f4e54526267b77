/** Each request earns a fifth of a retry; so many are kept for the moment when a target dies. */
const EARNED = 0.2;
const MAX_RESERVE = 100;
/** Repeats at another target that nobody has earned; what is earned beyond the rest fills them up again. */
const SPARE = 100;
/** So many may be under way with nothing in reserve. */
const FLOOR = 3;

/**
 * How many requests of one service may be repeated: a fifth of all in the long run, so that retries never become the
 * overload. What earlier requests have not used is there at once, and so is a reserve for repeats at another target:
 * of four targets, a dying one fails a quarter of what is in flight in one moment, and a frozen one for seconds.
 */
export class RetryBudget {
  #retrying = 0;
  #reserve = 0;
  /** For repeats at another target, there from the start: they are no second load on the one that failed. */
  #spare = SPARE;

  /** A request begins, as one of so many in flight. */
  earn(requestsInFlight: number): void {
    if (this.#reserve < MAX_RESERVE || this.#reserve < requestsInFlight) this.#reserve += EARNED;
    else if (this.#spare < SPARE) this.#spare += EARNED;
  }

  /** True while one more may begin, at another target or at the same. */
  hasRoom(isAnother: boolean): boolean {
    return this.#reserve >= 1 || this.#retrying < FLOOR || (isAnother && this.#spare >= 1);
  }

  /** Takes a place; give it back with `release`. */
  take(): void {
    if (this.#reserve >= 1) this.#reserve -= 1;
    else if (this.#retrying >= FLOOR) this.#spare -= 1;
    this.#retrying += 1;
  }

  release(): void {
    this.#retrying -= 1;
  }
}
