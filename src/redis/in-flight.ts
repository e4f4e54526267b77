/** Why a command wasn't done: Redis doesn't answer, or can't write. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
  /** What Redis says to the command after all, or that it never does; undefined for one that was not sent. */
  readonly answer: Promise<unknown> | undefined;

  constructor(message: string, answer?: Promise<unknown>) {
    super(message);
    this.answer = answer;
  }
}

/** Of the time in which this process was held up, so much is forgiven at most: nobody waits without an end. */
const MAX_FORGIVEN_MS = 150;

/** A moment, by two clocks: `performance.now()`, and how long this process had been held up in all by then. */
export interface Moment {
  readonly atMs: number;
  readonly heldUpMs: number;
}

export interface Waiting {
  readonly sent: Moment;
  readonly reject: (error: Error) => void;
  answer: Promise<unknown> | undefined;
  isDone: boolean;
}

/** Commands that wait for their answer, in the order they were sent, which is the order they fall due in. */
export class InFlight {
  readonly #timeoutMs: number;
  #waiting: Waiting[] = [];
  #heldUpMs = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The oldest that is not answered. */
  get oldest(): Waiting | undefined {
    const index = this.#waiting.findIndex((waiting) => !waiting.isDone);
    this.#waiting.splice(0, index < 0 ? this.#waiting.length : index);
    return this.#waiting[0];
  }

  add(reject: (error: Error) => void): Waiting {
    const sent = { atMs: performance.now(), heldUpMs: this.#heldUpMs };
    const waiting: Waiting = { sent, reject, answer: undefined, isDone: false };
    this.#waiting.push(waiting);
    return waiting;
  }

  /** This process was held up: that is not held against Redis. */
  addHeldUp(durationMs: number): void {
    this.#heldUpMs += Math.max(0, durationMs);
  }

  /** True when more than the time of a command, and some grace, has passed since. */
  isLate({ atMs, heldUpMs }: Moment, graceMs = 0): boolean {
    const forgivenMs = Math.min(this.#heldUpMs - heldUpMs, MAX_FORGIVEN_MS);
    return performance.now() - atMs >= this.#timeoutMs + graceMs + forgivenMs;
  }

  get isOverdue(): boolean {
    const { oldest } = this;
    return oldest !== undefined && this.isLate(oldest.sent);
  }

  rejectOverdue(): void {
    while (this.isOverdue) reject(this.#waiting.shift() as Waiting, 'a command was not answered in time');
  }

  rejectAll(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) if (!one.isDone) reject(one, reason);
  }
}

function reject(waiting: Waiting, reason: string): void {
  waiting.isDone = true;
  waiting.reject(new RedisUnavailableError(reason, waiting.answer));
}
