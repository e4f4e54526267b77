/** Length of a step, as the sampler's timer has it. */
export const STEP_SECONDS = 5;
/** Half an hour. */
export const KEPT_STEPS = 360;
/** A minute: what is told as "now". */
export const MINUTE_STEPS = 12;

/** The time that all rings share: when each of the last steps ended, and how long it really took. */
export class Axis {
  readonly #atMs = new Float64Array(KEPT_STEPS);
  readonly #seconds = new Float64Array(KEPT_STEPS);
  #lastMs: number;
  #taken = 0;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** Where in a ring the step that is under way will stand. */
  get next(): number {
    return (this.#taken + 1) % KEPT_STEPS;
  }

  /** The step is over, and all of it is written. */
  step(nowMs: number): void {
    const place = this.next;
    this.#taken += 1;
    this.#atMs[place] = nowMs;
    // A clock that was set back must make no rate negative, nor endless.
    const seconds = (nowMs - this.#lastMs) / 1000;
    this.#seconds[place] = seconds > 0 ? seconds : STEP_SECONDS;
    this.#lastMs = nowMs;
  }

  /** The places of the last steps, the oldest first: as many as there are, and at most `count`. */
  places(count: number): readonly number[] {
    const kept = Math.min(count, this.#taken, KEPT_STEPS);
    return Array.from({ length: kept }, (_, index) => (this.#taken - kept + 1 + index) % KEPT_STEPS);
  }

  /** Epoch milliseconds of a step's end. */
  atMs(place: number): number {
    return this.#atMs[place] as number;
  }

  seconds(place: number): number {
    return this.#seconds[place] as number;
  }

  /** How long the last steps took together. */
  secondsOf(count: number): number {
    return this.places(count).reduce((sum, place) => sum + this.seconds(place), 0);
  }
}
