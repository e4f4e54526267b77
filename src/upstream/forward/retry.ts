import { z } from 'zod';
import type { AttemptOutcome } from '../../context.ts';

/**
 * When a failed attempt may be repeated.
 *
 * Before a byte of the request has reached a service, any method may go to another target, once. After that only
 * methods that are safe to repeat (RFC 9110, section 9.2.2), and only while no byte of an answer has left.
 */
export const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(5).default(2).describe('Attempts altogether, the first included; 1 never repeats.'),
  on: z
    .array(z.enum(['reset', 'timeout', '502', '503', '504']))
    .default(['reset', '502', '503', '504'])
    .describe('What is repeated once the request has been sent: a reset before the answer, a timeout, or a status.'),
});

export type RetryOptions = z.output<typeof retrySchema>;

const REPEATABLE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const BEFORE_SENDING = new Set<AttemptOutcome>(['refused', 'dns', 'connect-timeout', 'tls', 'overloaded']);
const TIMEOUTS = new Set<AttemptOutcome>(['headers-timeout', 'idle-timeout']);

/** Each request earns a fifth of a retry; so many are kept for the moment when a target dies. */
const EARNED = 0.2;
const MAX_RESERVE = 100;
/** Repeats at another target that nobody has earned; what is earned beyond the rest fills them up again. */
const SPARE = 100;
/** So many may be under way with nothing in reserve. */
const FLOOR = 3;

const MIN_DELAY_MS = 25;
const MAX_DELAY_MS = 250;

export interface RetryPolicy {
  /** False where the file allows one attempt alone. */
  readonly isOn: boolean;
  /** True when more than so many attempts are allowed. */
  hasLeft(attempts: number): boolean;
  /** True when this outcome of attempt number `attempts` is one to repeat, budget and body aside. */
  isWanted(
    method: string,
    outcome: AttemptOutcome,
    status: number,
    attempts: number,
    hadBegunSending: boolean,
  ): boolean;
}

export function createRetryPolicy(options: RetryOptions): RetryPolicy {
  const statuses = new Set(options.on.filter((entry) => /^\d/.test(entry)).map(Number));
  const onReset = options.on.includes('reset');
  const onTimeout = options.on.includes('timeout');
  return {
    isOn: options.attempts > 1,
    hasLeft: (attempts) => attempts < options.attempts,
    isWanted(method, outcome, status, attempts, hadBegunSending) {
      if (!hadBegunSending && BEFORE_SENDING.has(outcome)) return attempts < Math.max(2, options.attempts);
      if (attempts >= options.attempts || !REPEATABLE_METHODS.has(method)) return false;
      if (outcome === 'status') return statuses.has(status);
      if (outcome === 'reset') return onReset;
      return onTimeout && TIMEOUTS.has(outcome);
    },
  };
}

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

/** Full jitter between 25 and 250 ms, doubling from 50. */
export function retryDelayMs(attempts: number, random: () => number = Math.random): number {
  const ceiling = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** attempts);
  return MIN_DELAY_MS + random() * (ceiling - MIN_DELAY_MS);
}
