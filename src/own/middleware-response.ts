import { type IncomingMessage, ServerResponse } from 'node:http';
import { SinkResponse } from '../answer/sink-response.ts';
import type { RequestContext } from '../context.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { checkedName, checkedValue, isSaidOnce } from './checked-fields.ts';
import { lend, lendRequest } from './lent.ts';
import type { EndListener } from './own-request.ts';

/** Methods of a response, by their names. */
export type ResponseMethods = object;

/** What a response tells of. */
interface Waiter {
  /** False where the request has ended, or has gone on. */
  answered(): boolean;
  fail(error: unknown): void;
  late(error: unknown): void;
  /** Runs the middleware's code: what it throws is told. */
  runAside(code: () => unknown): void;
  twice(what: string): void;
}

type Done = (error?: Error | null) => void;
type Chunk = string | Uint8Array;

/**
 * The response that a middleware of Express gets: as much of Node's as middlewares use, over the sinks of the request.
 * What it sets before it calls `next` is put on the answer that somebody else gives.
 */
export class MiddlewareResponse extends SinkResponse implements EndListener {
  readonly req: IncomingMessage;
  readonly locals: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  statusMessage = '';
  finished = false;
  writableFinished = false;
  readonly #context: RequestContext;
  readonly #deadlines: Deadlines;
  readonly #waiter: Waiter;
  /** It has begun to answer. */
  isAnswering = false;
  #isLetGo = false;

  constructor(context: RequestContext, deadlines: Deadlines, waiter: Waiter) {
    super(context, deadlines, 'gateway', (emitter) =>
      lend(emitter, (methods) => Object.setPrototypeOf(emitter, withMethods(methods).prototype)),
    );
    // The time of the stage runs until it answers; that of the answer runs from there on.
    deadlines.remove(this);
    this.req = lendRequest(context.req);
    this.#context = context;
    this.#deadlines = deadlines;
    this.#waiter = waiter;
    // A stream without a listener for its errors would end the process.
    this.on('error', ignore);
    this.once('finish', () => {
      this.finished = true;
      this.writableFinished = true;
    });
  }

  get app(): unknown {
    return (this.#context.res as { readonly app?: unknown }).app;
  }

  get socket(): unknown {
    return this.req.socket;
  }

  get connection(): unknown {
    return this.socket;
  }

  override setHeader(name: string, value: string | number | readonly string[]): this {
    if (this.headersSent) throw new Error('the head of this answer has been sent');
    const key = String(name).toLowerCase();
    if (key !== 'content-length') checkedName(key);
    const values = [value].flat().map((one) => checkedValue(key, String(one)));
    return super.setHeader(key, Array.isArray(value) ? values : (values[0] as string));
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const before = [this.getHeader(name) ?? []].flat();
    return this.setHeader(name, [...before, ...[value].flat()]);
  }

  setHeaders(headers: Headers | Map<string, string>): this {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  hasHeader(name: string): boolean {
    return this.getHeader(name) !== undefined;
  }

  getHeaders(): Record<string, string | string[]> {
    const names = this.getHeaderNames();
    return Object.fromEntries(names.map((name) => [name, this.getHeader(name) as string | string[]]));
  }

  writeHead(status: number, ...rest: readonly unknown[]): this {
    this.statusCode = status;
    const headers = rest.find((one) => typeof one === 'object' && one !== null) ?? {};
    if (Array.isArray(headers)) {
      const flat = headers.flat() as string[];
      for (let i = 0; i + 1 < flat.length; i += 2) this.setHeader(flat[i] as string, flat[i + 1] as string);
    } else {
      for (const [name, value] of Object.entries(headers)) this.setHeader(name, value as string);
    }
    return this;
  }

  flushHeaders(): void {}

  override write(chunk: Chunk, encoding?: BufferEncoding | Done, done?: Done): boolean {
    if (!this.#begin()) return true;
    const hasRoom = this.#isBodiless || super.write(bytesOf(chunk, encoding));
    callLater(encoding, done);
    return hasRoom;
  }

  override end(chunk?: Chunk | Done | null, encoding?: BufferEncoding | Done, done?: Done): this {
    if (!this.#begin()) return this;
    const last =
      chunk === undefined || chunk === null || typeof chunk === 'function' ? undefined : bytesOf(chunk, encoding);
    if (last !== undefined && last.length > 0 && !this.#isBodiless) {
      if (!this.headersSent && !this.hasHeader('content-length')) this.setHeader('content-length', last.length);
      if (this.req.method !== 'HEAD') super.write(last);
    }
    if (!this.writableEnded) super.end();
    callLater(typeof chunk === 'function' ? chunk : encoding, done);
    return this;
  }

  /** True where a middleware has replaced a method of this very response. */
  replaces(name: 'writeHead' | 'write' | 'end'): boolean {
    return Object.hasOwn(this, name);
  }

  /** The request goes on; false where it has done so already. */
  letGo(): boolean {
    if (this.#isLetGo || this.isClosed) return false;
    this.#isLetGo = true;
    return true;
  }

  /** What was set is told by whoever answers. */
  tellHead(): void {
    for (const name of this.getHeaderNames()) {
      if (name === 'content-length' || isSaidOnce(name)) continue;
      for (const value of [this.getHeader(name) ?? []].flat()) this.#context.addHeader(name, value);
    }
  }

  /** For those who wait for the end of the response, whoever gave it. */
  ended({ status, isWhole }: RequestContext): void {
    try {
      if (this.isAnswering) return;
      this.headersSent = status !== 0;
      this.statusCode = status;
      if (isWhole) this.tell('finish');
    } finally {
      this.close();
    }
  }

  late(error: unknown): void {
    this.#waiter.late(error);
  }

  /** What its listeners throw, or what it has made of its own response, ends nothing. */
  protected override tell(event: 'drain' | 'close' | 'finish'): void {
    this.#waiter.runAside(() => void this.emit(event));
  }

  get #isBodiless(): boolean {
    return this.statusCode === 204 || this.statusCode === 304;
  }

  /** False where nothing of it is sent. */
  #begin(): boolean {
    if (this.isAnswering) {
      if (this.writableEnded && !this.isClosed) this.#waiter.twice('answered twice: its response had ended');
      return !this.writableEnded;
    }
    if (this.#isLetGo) this.#waiter.twice('answered twice: it wrote an answer after next()');
    if (this.#isLetGo) return false;
    if (!Number.isInteger(this.statusCode) || this.statusCode < 200 || this.statusCode > 599) {
      this.#waiter.fail(new RangeError(`${this.statusCode} is no status of an answer`));
      return false;
    }
    if (!this.#waiter.answered()) return false;
    // Node does so before the first byte, and whoever has replaced it hears of the head by that.
    if (this.replaces('writeHead')) this.writeHead(this.statusCode);
    // It has no body, and no length of one (RFC 9110, section 8.6).
    if (this.statusCode === 204) this.removeHeader('content-length');
    this.isAnswering = true;
    this.#context.abort = this;
    this.#deadlines.add(this, performance.now() + this.#context.idleMs);
    return true;
  }
}

const NODES: ReadonlySet<object> = new Set([ServerResponse.prototype, Object.prototype, MiddlewareResponse.prototype]);
const classes = new WeakMap<ResponseMethods, typeof MiddlewareResponse>();

/** The class with these methods beside its own, of which none is replaced. */
export function withMethods(methods: ResponseMethods): typeof MiddlewareResponse {
  let made = classes.get(methods);
  if (made === undefined) {
    made = class extends MiddlewareResponse {};
    for (const [name, property] of chainOf(methods).flatMap(namesOf)) {
      // By "app" an application of Express says whose settings count.
      if (name === 'app' || !(name in MiddlewareResponse.prototype))
        Object.defineProperty(made.prototype, name, { ...property, configurable: true });
    }
    classes.set(methods, made);
  }
  return made;
}

/** From the last to the first: what stands nearer counts. Node's own is none of it. */
function chainOf(methods: object): readonly object[] {
  const chain: object[] = [];
  for (let one: object | null = methods; one !== null && !NODES.has(one); one = Object.getPrototypeOf(one))
    chain.unshift(one);
  return chain;
}

function namesOf(methods: object): [string, PropertyDescriptor][] {
  return Object.entries(Object.getOwnPropertyDescriptors(methods));
}

function bytesOf(chunk: Chunk, encoding: unknown): Buffer {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
}

function callLater(...candidates: readonly unknown[]): void {
  const done = candidates.find((one) => typeof one === 'function');
  if (done !== undefined) process.nextTick(done as Done);
}

function ignore(): void {}
