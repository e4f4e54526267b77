import type { AttemptOutcome } from '../facts.ts';

class Failure extends Error {}
const FAILED = new Failure('the call failed');

/** What becomes of one call; it is settled only while it still speaks about the state of the circuit it began in. */
export class Verdict {
  readonly promise: Promise<void>;
  readonly isTrial: boolean;
  readonly #resolve: () => void;
  readonly #reject: (reason: Error) => void;
  readonly #epoch: number;
  readonly #now: () => number;
  readonly #onFail: (outcome: AttemptOutcome) => void;
  readonly #onAbandon: (stillCurrent: boolean) => void;

  constructor(
    isTrial: boolean,
    now: () => number,
    onFail: (outcome: AttemptOutcome) => void,
    onAbandon: (stillCurrent: boolean) => void,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.promise = promise;
    this.isTrial = isTrial;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#now = now;
    this.#epoch = now();
    this.#onFail = onFail;
    this.#onAbandon = onAbandon;
  }

  succeed(): void {
    if (this.#epoch === this.#now()) this.#resolve();
  }

  fail(outcome?: AttemptOutcome): void {
    if (this.#epoch !== this.#now()) return;
    if (outcome !== undefined) this.#onFail(outcome);
    this.#reject(FAILED);
  }

  abandon(): void {
    this.#onAbandon(this.#epoch === this.#now());
  }
}
