import type { RequestContext } from '../../context.ts';
import type { AttemptOutcome, AttemptSpan } from '../../facts.ts';
import type { Target } from '../target.ts';
import type { Ending } from './ending.ts';
import { renewField } from './service-request.ts';

/** The attempt that a span tells of. */
interface Told {
  /** `performance.now()` when it was over; 0 before. */
  readonly endedAtMs: number;
}

/** The spans of a traced request's attempts at one service. Each attempt is asked by its own span. */
export class AttemptSpans {
  readonly #context: RequestContext;
  #span: AttemptSpan | undefined;
  #attempt: Told | undefined;
  #outcome: AttemptOutcome | undefined;
  #status = 0;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  /** Before what proves the gateway is made: a signature covers what is told. */
  begin({ location }: Target, path: string): void {
    const { span, upstreamHeaders } = this.#context;
    this.end();
    this.#span = span?.attempt(location, path);
    if (this.#span !== undefined) renewField(upstreamHeaders, 'traceparent', this.#span.traceparent);
  }

  /** Up to the head of an answer, or without one; what follows the head belongs to the attempt too. */
  settled({ outcome, status, headers, socket }: Ending, attempt: Told | undefined): void {
    this.#outcome = outcome;
    this.#status = status;
    this.#attempt = attempt;
    if (headers === undefined || socket !== undefined) this.end();
  }

  /** The body broke off after the head. */
  brokeOff(outcome: AttemptOutcome): void {
    this.#outcome = outcome;
    this.end();
  }

  /** The request is over: where the client has not had all of its answer, it has left. */
  close(): void {
    if (this.#outcome === 'ok' && !this.#context.isWhole) this.#outcome = 'aborted-by-client';
    this.end();
  }

  /** Nothing more comes of the attempt; the first word counts. */
  end(): void {
    const span = this.#span;
    if (span === undefined) return;
    const endedAtMs = this.#attempt?.endedAtMs || performance.now();
    span.end(this.#outcome, this.#status, endedAtMs);
    this.#span = undefined;
    this.#attempt = undefined;
    this.#outcome = undefined;
    this.#status = 0;
  }
}
