import type { RequestContext, Sink } from '../context.ts';
import type { Deps } from '../deps.ts';
import type { Deadline, Deadlines } from '../lib/deadlines.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';

/** True for an answer of server-sent events whose bytes are the events themselves (WHATWG HTML, section 9.2). */
export function isEventStream(status: number, fields: AnswerFields): boolean {
  const type = fields['content-type'];
  if (status !== 200 || typeof type !== 'string') return false;
  // Coded events can't be told apart, and where the length is told nothing may be added or left out.
  if (fields['content-encoding'] !== undefined || fields['content-length'] !== undefined) return false;
  return type.length >= 17 && type.slice(0, 17).toLowerCase() === 'text/event-stream';
}

/** From here on the answer goes through a sink that knows its events; `heartbeat` in milliseconds, never without. */
export function watchEvents(
  context: RequestContext,
  {
    timeouts: { heartbeat: heartbeatMs = Number.POSITIVE_INFINITY },
    clock,
    ...deps
  }: Pick<Deps, 'eventStreams' | 'deadlines' | 'clock'> & { readonly timeouts: { heartbeat?: number | undefined } },
): void {
  const { credentialExpiresAtMs = Number.POSITIVE_INFINITY } = context;
  // On the scale of `performance.now()`, which no change of the clock moves.
  const expiresAtMs = performance.now() + (credentialExpiresAtMs - clock.now());
  context.sink = new EventStream(context, deps, heartbeatMs, expiresAtMs);
}

/** A line that is no event: readers skip it (WHATWG HTML, section 9.2.6). */
const HEARTBEAT = Buffer.from(':\n\n');

/** What ends an event. */
const BLANK_LINES = ['\n\n', '\r\r', '\r\n\r\n'];
/** So much of the end of one chunk is needed to see a blank line that the next one completes. */
const TAIL_CHARS = 3;

/**
 * One answer of server-sent events. It knows where one event ends and the next begins, and so can be ended cleanly on
 * shutdown or when the caller's credential expires (`expiresAtMs`), and can say between events that it is still there
 * (`heartbeatMs`; Infinity: never).
 */
class EventStream implements Sink, Deadline {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #context: RequestContext;
  readonly #next: Sink;
  readonly #streams: Deps['eventStreams'];
  readonly #deadlines: Deadlines;
  readonly #heartbeatMs: number;
  readonly #expiresAtMs: number;
  /** The last characters that were written, or '' at the start of the stream. */
  #tail = '';
  #isAtBoundary = true;
  #isFull = false;
  #isEnding = false;
  #isOver = false;

  constructor(
    context: RequestContext,
    { eventStreams, deadlines }: Pick<Deps, 'eventStreams' | 'deadlines'>,
    heartbeatMs: number,
    expiresAtMs: number,
  ) {
    this.#context = context;
    this.#next = context.sink;
    this.#streams = eventStreams;
    this.#deadlines = deadlines;
    this.#heartbeatMs = heartbeatMs;
    this.#expiresAtMs = expiresAtMs;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#next.head(context, status, fields, answerer);
    this.#streams.add(this);
    this.#expectSilence();
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#isOver) return true;
    const boundary = this.#advance(chunk);
    if (this.#isEnding && boundary > 0) {
      this.#next.write(context, chunk.subarray(0, boundary), source);
      this.#finish();
      return true;
    }
    this.#expectSilence();
    this.#isFull = !this.#next.write(context, chunk, { resume: () => this.#resume(source) });
    return !this.#isFull;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#isOver) return;
    this.#leave();
    this.#next.end(context, last);
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#isOver) return;
    this.#leave();
    this.#next.fail(context, error);
  }

  /** Ends the stream where the present event ends; readers then connect anew, elsewhere. */
  shutDown(): void {
    this.#isEnding = true;
    if (this.#isAtBoundary && !this.#isOver) this.#finish();
  }

  /** It has been silent for long enough, or is heard no longer by somebody who may. */
  onDue(): void {
    if (this.#isOver || this.#context.res.destroyed) {
      this.#leave();
      return;
    }
    const nowMs = performance.now();
    if (nowMs >= this.#expiresAtMs) {
      this.shutDown();
      return;
    }
    this.#deadlines.add(this, Math.min(nowMs + this.#heartbeatMs, this.#expiresAtMs));
    if (this.#isAtBoundary && !this.#isFull) this.#next.write(this.#context, HEARTBEAT, this);
  }

  /** A heartbeat has found its way: nobody waits for that. */
  resume(): void {}

  #resume(source: Source): void {
    this.#isFull = false;
    source.resume();
  }

  #finish(): void {
    this.#leave();
    this.#next.end(this.#context, undefined);
  }

  #leave(): void {
    this.#isOver = true;
    this.#streams.delete(this);
    this.#deadlines.remove(this);
  }

  #expectSilence(): void {
    const dueAtMs = Math.min(performance.now() + this.#heartbeatMs, this.#expiresAtMs);
    if (dueAtMs === Number.POSITIVE_INFINITY) return;
    // One that moves away is found out by itself.
    if (this.dueAtMs === 0) this.#deadlines.add(this, dueAtMs);
    else this.dueAtMs = dueAtMs;
  }

  /** Takes a chunk in; answers how much of it ends with a whole event, 0 where none ends in it. */
  #advance(chunk: Buffer): number {
    const text = this.#tail + chunk.toString('latin1');
    let end = 0;
    for (const blank of BLANK_LINES) {
      const at = text.lastIndexOf(blank);
      if (at !== -1) end = Math.max(end, at + blank.length);
    }
    this.#isAtBoundary = end === text.length;
    const boundary = Math.max(0, end - this.#tail.length);
    this.#tail = text.slice(-TAIL_CHARS);
    return boundary;
  }
}
