import type { Duplex } from 'node:stream';
import type { RequestContext, Sink } from '../context.ts';
import type { Deadline } from '../lib/deadlines.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { type CallTerms, stageFailed } from './call-terms.ts';
import { runAs, runAsGateway } from './late-faults.ts';

/**
 * Sends a body through a stream of the stage's: a full stream holds the service back, and a client that reads slowly
 * holds the stream back. A stream that stands still while nothing else does has as long as the stage's other hooks.
 */
export class StreamSink implements Sink, Source, Deadline {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #stream: Duplex;
  readonly #next: Sink;
  readonly #terms: CallTerms;
  readonly #context: RequestContext;
  /** Who waits for room in the stream. */
  #waiting: Source | undefined;
  #isReaderFull = false;
  #isEnded = false;
  #isOver = false;

  constructor(stream: Duplex, next: Sink, context: RequestContext, terms: CallTerms) {
    this.#stream = stream;
    this.#next = next;
    this.#terms = terms;
    this.#context = context;
    stream.on('data', (chunk: unknown) => this.#pass(chunk));
    stream.on('drain', () => this.#drained());
    stream.once('end', () => this.#finished());
    stream.on('error', (error) => this.#failed(error));
    stream.once('close', () => this.#isEndedEarly());
    // Nobody tells a sink that the client has left.
    context.res.once('close', () => this.#letGo());
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    this.#next.head(context, status, fields, answerer);
  }

  write(_context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#isOver) return true;
    const hasRoom = this.#feed(() => this.#stream.write(chunk));
    if (hasRoom || this.#isOver) return true;
    this.#waiting = source;
    this.#expect();
    return false;
  }

  end(_context: RequestContext, last: Buffer | undefined): void {
    if (this.#isOver) return;
    this.#isEnded = true;
    this.#expect();
    this.#feed(() => (last === undefined ? this.#stream.end() : this.#stream.end(last)));
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#isOver) return;
    this.#letGo();
    this.#next.fail(context, error);
  }

  /** The client has read what it was sent. */
  resume(): void {
    if (!this.#isReaderFull) return;
    this.#isReaderFull = false;
    if (this.#waiting !== undefined || this.#isEnded) this.#expect();
    runAs(this.#terms.instance, () => this.#stream.resume());
  }

  onDue(): void {
    this.#failed(new Error(`its stream stood still for ${this.#terms.instance.terms.definition.timeoutMs} ms`));
  }

  /** A stream may throw where it is written to, in the middle of what reads the service. */
  #feed<T>(code: () => T): T | undefined {
    try {
      return runAs(this.#terms.instance, code);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #expect(): void {
    if (this.#isReaderFull || this.#isOver) return;
    const { deadlines, instance } = this.#terms;
    deadlines.add(this, performance.now() + instance.terms.definition.timeoutMs);
  }

  #pass(chunk: unknown): void {
    if (this.#isOver) return;
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      this.#failed(new TypeError('its stream made something that is neither text nor bytes'));
      return;
    }
    if (this.nextDeadline !== null) this.#expect();
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
    if (bytes.length === 0 || runAsGateway(() => this.#next.write(this.#context, bytes, this))) return;
    this.#isReaderFull = true;
    this.#terms.deadlines.remove(this);
    this.#stream.pause();
  }

  #drained(): void {
    const source = this.#waiting;
    this.#waiting = undefined;
    if (!this.#isEnded) this.#terms.deadlines.remove(this);
    if (source !== undefined) runAsGateway(() => source.resume());
  }

  #finished(): void {
    if (this.#isOver) return;
    if (!this.#isEnded) {
      this.#failed(new Error('its stream ended before the answer did'));
      return;
    }
    this.#letGo();
    runAsGateway(() => this.#next.end(this.#context, undefined));
  }

  #isEndedEarly(): void {
    if (!this.#isOver && !this.#stream.readableEnded) this.#failed(new Error('its stream was closed before its end'));
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#letGo();
    const { instance } = this.#terms;
    instance.failed('threw', 'failed at the body of the answer', this.#context.requestId, error);
    this.#next.fail(this.#context, stageFailed(instance.terms.definition.name, error));
  }

  #letGo(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#terms.deadlines.remove(this);
    const source = this.#waiting;
    this.#waiting = undefined;
    this.#feed(() => this.#stream.destroy());
    // Whoever waited for room is let go on, into nothing.
    source?.resume();
  }
}
