import { EventEmitter } from 'node:events';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { UnderWay } from '../facts.ts';
import type { Deadline, Deadlines } from '../lib/deadlines.ts';
import type { Answerer, Source } from '../sink.ts';

/** An emitter that something may stand before: what comes of it is what all fields are laid on, private ones too. */
class Emitter extends EventEmitter {
  constructor(wrap?: (emitter: EventEmitter) => EventEmitter) {
    super();
    // biome-ignore lint/correctness/noConstructorReturn: only so are private fields those of what stands before.
    if (wrap !== undefined) return wrap(this) as this;
  }
}

/**
 * A response over the sinks of a request, for what was written for one of Node's: what it writes is an answer like that
 * of a service. It has as much of a ServerResponse as `send` uses, and no more: fields, a status, `write`, `end`, and the
 * events that a pipe waits for.
 *
 * It holds no file itself. When the request ends, however it ends, `close` comes, and whoever reads a file closes it.
 */
export class SinkResponse extends Emitter implements Source, Deadline, UnderWay {
  statusCode = 200;
  headersSent = false;
  writable = true;
  writableEnded = false;
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #context: RequestContext;
  readonly #deadlines: Deadlines;
  readonly #answerer: Answerer;
  #fields: Record<string, string | string[]> = {};
  /** Bytes of the body still to come, by its Content-Length. */
  #remaining = Number.POSITIVE_INFINITY;
  #isReaderFull = false;
  #isClosed = false;

  /** From now on no longer than `context.idleMs` may pass without a byte that moves. */
  constructor(
    context: RequestContext,
    deadlines: Deadlines,
    answerer: Answerer = 'service',
    wrap?: (emitter: EventEmitter) => EventEmitter,
  ) {
    super(wrap);
    this.#context = context;
    this.#deadlines = deadlines;
    this.#answerer = answerer;
    deadlines.add(this, performance.now() + context.idleMs);
  }

  /** The request is over, or nobody will answer it here. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  setHeader(name: string, value: string | number | readonly string[]): this {
    this.#fields[name.toLowerCase()] = Array.isArray(value) ? value.map(String) : String(value);
    return this;
  }

  getHeader(name: string): string | string[] | undefined {
    const key = name.toLowerCase();
    return Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined;
  }

  getHeaderNames(): string[] {
    return Object.keys(this.#fields);
  }

  removeHeader(name: string): void {
    delete this.#fields[name.toLowerCase()];
  }

  /** Takes back what was said of an answer whose head is not out. */
  reset(): void {
    this.statusCode = 200;
    this.#fields = {};
  }

  /**
   * One piece of the body. A file that has grown since its length was told is cut there: what is beyond would be read
   * as the next answer of the connection.
   */
  write(chunk: Buffer): boolean {
    if (this.writableEnded || !this.#sendHead()) return true;
    this.dueAtMs = performance.now() + this.#context.idleMs;
    if (chunk.length >= this.#remaining) {
      this.#finish(chunk.subarray(0, this.#remaining));
      return true;
    }
    this.#remaining -= chunk.length;
    this.#isReaderFull = !this.#context.sink.write(this.#context, chunk, this);
    return !this.#isReaderFull;
  }

  end(last?: string | Buffer): this {
    if (this.writableEnded || !this.#sendHead()) return this;
    const { method } = this.#context;
    if (method === 'HEAD' || this.statusCode === 304 || this.#remaining === 0) this.#finish(undefined);
    else if (last !== undefined) this.#finish(Buffer.from(last));
    else if (this.#remaining === Number.POSITIVE_INFINITY) this.#finish(undefined);
    else this.fail(new Error(`the body ended ${this.#remaining} bytes before the length that was told`));
    return this;
  }

  /** The client has read what it was sent. */
  resume(): void {
    if (!this.#isReaderFull) return;
    this.#isReaderFull = false;
    this.dueAtMs = performance.now() + this.#context.idleMs;
    this.tell('drain');
  }

  onDue(): void {
    const { idleMs } = this.#context;
    const cause = this.#isReaderFull
      ? new GatewayError('client_closed', `The client read nothing for ${idleMs} ms.`)
      : new GatewayError('idle_timeout', `Nothing more came of the answer for ${idleMs} ms.`);
    this.#fail(cause);
  }

  /** The file can't be read any further, or is another one by now. */
  fail(cause: Error): void {
    if (!this.#isClosed) this.#fail(new GatewayError('bad_answer', undefined, { cause }));
  }

  /** Whoever reads a file for this lets it go. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.writable = false;
    this.writableEnded = true;
    this.#deadlines.remove(this);
    this.tell('close');
  }

  /** Whoever listens may be anybody's code. */
  protected tell(event: 'drain' | 'close' | 'finish'): void {
    this.emit(event);
  }

  /** False where HTTP can't carry it: it has failed then. */
  #sendHead(): boolean {
    if (this.headersSent) return true;
    this.headersSent = true;
    const length = this.getHeader('content-length');
    if (length !== undefined) this.#remaining = Number(length);
    try {
      this.#context.sink.head(this.#context, this.statusCode, this.#fields, this.#answerer);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #finish(last: Buffer | undefined): void {
    this.writableEnded = true;
    this.#deadlines.remove(this);
    this.#context.sink.end(this.#context, last);
    this.tell('finish');
  }

  #fail(error: unknown): void {
    this.close();
    this.#context.sink.fail(this.#context, error);
  }
}
