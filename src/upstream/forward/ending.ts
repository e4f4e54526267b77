import type { Duplex } from 'node:stream';
import type { AttemptOutcome } from '../../facts.ts';
import type { AnswerFields } from '../../sink.ts';

/** How an attempt ended, up to the head of an answer. */
export interface Ending {
  /** `ok` for an answer below 500, `status` for one of 500 and above; anything else brought none. */
  readonly outcome: AttemptOutcome;
  /** 0 where no answer came. */
  readonly status: number;
  readonly headers: AnswerFields | undefined;
  /** The connection of a service that agreed to an upgrade. */
  readonly socket: Duplex | undefined;
  readonly error: unknown;
}

/** An attempt that brought no answer. */
export function failed(outcome: AttemptOutcome, error: unknown): Ending {
  return { outcome, status: 0, headers: undefined, socket: undefined, error };
}
