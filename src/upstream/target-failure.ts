import type { AttemptOutcome } from '../facts.ts';
import { redactText } from '../lib/redact.ts';

const MAX_CAUSE_CHARS = 200;

/** How a target failed last. */
export interface TargetFailure {
  readonly outcome: AttemptOutcome;
  /** In words, without secrets. */
  readonly cause: string;
  /** How long ago. */
  readonly agoMs: number;
  /** Failures without a success between them; 0 once it has answered again. */
  readonly inARow: number;
  /** How long ago the first of the row was. */
  readonly firstAgoMs: number;
}

/** The failures of a target, for an operator; times are on the `performance.now()` scale. A success costs one store. */
export class FailureRow {
  inARow = 0;
  #sinceMs = 0;
  #atMs = 0;
  #outcome: AttemptOutcome | undefined;
  #cause: unknown;

  note(outcome: AttemptOutcome, cause: unknown, nowMs: number): void {
    this.inARow += 1;
    if (this.inARow === 1) this.#sinceMs = nowMs;
    this.#atMs = nowMs;
    this.#outcome = outcome;
    // What hangs on an error (a socket, a request) must not be kept for as long as the target.
    this.#cause = cause instanceof Error ? wordsOf(cause) : cause;
  }

  /** Undefined while it has never failed. */
  last(nowMs: number): TargetFailure | undefined {
    const { inARow } = this;
    if (this.#outcome === undefined) return undefined;
    const cause = typeof this.#cause === 'number' ? `it answered ${this.#cause}` : String(this.#cause ?? '');
    return {
      outcome: this.#outcome,
      cause: redactText(cause).slice(0, MAX_CAUSE_CHARS),
      agoMs: nowMs - this.#atMs,
      inARow,
      firstAgoMs: nowMs - this.#sinceMs,
    };
  }
}

/** Of several addresses that were tried, the first says it: such an error has no words of its own. */
function wordsOf(error: Error): string {
  if (error.message !== '') return error.message;
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? first.message : error.name;
}
