import { z } from 'zod';
import type { AttemptOutcome } from '../../facts.ts';

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

const MIN_DELAY_MS = 25;
const MAX_DELAY_MS = 250;

export interface RetryPolicy {
  readonly options: RetryOptions;
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
    options,
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

/** Full jitter between 25 and 250 ms, doubling from 50. */
export function retryDelayMs(attempts: number, random: () => number = Math.random): number {
  const ceiling = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** attempts);
  return MIN_DELAY_MS + random() * (ceiling - MIN_DELAY_MS);
}
