import type { Duplex } from 'node:stream';
import { isEventStream } from '../answer/event-stream.ts';
import type { WholeAnswer } from '../answer/whole-answer.ts';
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
  /** Held until the stream makes something: until then a failure can still be told properly. */
  #head: { readonly status: number; readonly fields: AnswerFields; readonly answerer: Answerer } | undefined;
  /** What has come while the head is held, for an answer that goes on as it was; undefined where that is no choice. */
  #kept: Buffer[] | undefined;
  #keptBytes = 0;
  readonly #given: WholeAnswer;
  /** The stream has failed, and the answer goes on as it was. */
  #isAsItWas = false;
  #isReaderFull = false;
  #isEnded = false;
  #isOver = false;

  /** `given`: the answer as it was. */
  constructor(stream: Duplex, next: Sink, context: RequestContext, terms: CallTerms, given: WholeAnswer) {
    this.#given = given;
    if (terms.instance.terms.definition.onError === 'open') this.#kept = [];
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
    this.#head = { status, fields, answerer };
    // Who listens to events may wait long for the first one, and for the head meanwhile.
    if (isEventStream(status, fields)) this.#sendHead(context);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#isAsItWas) return this.#next.write(context, chunk, source);
    if (this.#isOver) return true;
    this.#keep(chunk);
    const hasRoom = this.#feed(() => this.#stream.write(chunk));
    if (hasRoom || this.#isOver) return true;
    this.#waiting = source;
    this.#expect();
    return false;
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#isAsItWas) this.#next.end(context, last);
    if (this.#isOver) return;
    this.#isEnded = true;
    if (last !== undefined) this.#keep(last);
    this.#expect();
    this.#feed(() => (last === undefined ? this.#stream.end() : this.#stream.end(last)));
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#isAsItWas) this.#next.fail(context, error);
    if (this.#isOver) return;
    this.#letGo();
    this.#next.fail(context, error);
  }

  /** The client has read what it was sent. */
  resume(): void {
    if (!this.#isReaderFull) return;
    this.#isReaderFull = false;
    if (this.#isAsItWas) {
      this.#resumeSource();
      return;
    }
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
    if (bytes.length === 0) return;
    if (!this.#sendHead(this.#context) || runAsGateway(() => this.#next.write(this.#context, bytes, this))) return;
    this.#isReaderFull = true;
    this.#terms.deadlines.remove(this);
    this.#stream.pause();
  }

  #keep(chunk: Buffer): void {
    if (this.#kept === undefined) return;
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > this.#terms.instance.terms.definition.maxBodyBytes) this.#kept = undefined;
    else this.#kept.push(chunk);
  }

  /** Passes the head on, once; false where it is none that can be sent. */
  #sendHead(context: RequestContext): boolean {
    const head = this.#head;
    if (head === undefined) return true;
    this.#head = undefined;
    this.#kept = undefined;
    try {
      runAsGateway(() => this.#next.head(context, head.status, head.fields, head.answerer));
      return true;
    } catch (error) {
      this.#letGo();
      runAsGateway(() => this.#next.fail(context, error));
      return false;
    }
  }

  #drained(): void {
    if (this.#isOver) return;
    if (!this.#isEnded) this.#terms.deadlines.remove(this);
    this.#resumeSource();
  }

  #resumeSource(): void {
    const source = this.#waiting;
    this.#waiting = undefined;
    if (source !== undefined) runAsGateway(() => source.resume());
  }

  #finished(): void {
    if (this.#isOver) return;
    if (!this.#isEnded) {
      this.#failed(new Error('its stream ended before the answer did'));
      return;
    }
    if (!this.#sendHead(this.#context)) return;
    this.#letGo();
    runAsGateway(() => this.#next.end(this.#context, undefined));
  }

  #isEndedEarly(): void {
    if (!this.#isOver && !this.#stream.readableEnded) this.#failed(new Error('its stream was closed before its end'));
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    const { instance } = this.#terms;
    const kept = this.#head === undefined ? undefined : this.#kept;
    if (kept !== undefined) {
      instance.failed('threw', 'failed at the body of the answer', this.#context.requestId, error);
      this.#goOnAsItWas(Buffer.concat(kept));
      return;
    }
    this.#letGo();
    instance.failed('threw', 'failed at the body of the answer', this.#context.requestId, error);
    this.#next.fail(this.#context, stageFailed(instance.terms.definition.name, error));
  }

  #goOnAsItWas(bytes: Buffer): void {
    const { status, fields, answerer } = this.#given;
    const source = this.#waiting;
    this.#waiting = undefined;
    this.#letGo();
    this.#head = { status, fields, answerer };
    if (!this.#sendHead(this.#context)) return;
    this.#isAsItWas = true;
    this.#waiting = source;
    runAsGateway(() => {
      this.#isReaderFull = bytes.length > 0 && !this.#next.write(this.#context, bytes, this);
      if (this.#isEnded) this.#next.end(this.#context, undefined);
    });
    if (!this.#isReaderFull) this.#resumeSource();
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
