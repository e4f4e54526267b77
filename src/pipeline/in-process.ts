import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { noteError } from '../answer/problem.ts';
import type { RequestContext, Sink } from '../context.ts';
import type { InProcess, InProcessRequest } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import { isHandshake } from '../upstream/websocket/websocket.ts';
import type { ExpressApp } from './express-app.ts';

/** Takes a request into its chain; `prepare` is called before it is matched. A part walks the snapshot of its `parent`. */
export type Begin = (
  req: IncomingMessage,
  res: ServerResponse,
  prepare: (context: RequestContext) => void,
  parent: RequestContext | undefined,
) => RequestContext;

/**
 * Makes the sender of requests that have no connection: the parts of an aggregate, explanations, trials. Such a
 * request has a request and a response object, which Express handlers expect, on a connection that leads nowhere.
 */
export function createInProcess(classes: ExpressApp['classes'], begin: Begin): InProcess {
  return function inProcess(request) {
    const connection = new NoConnection(request.from);
    const req = createRequest(request, connection, classes.IncomingMessage);
    const res = new classes.ServerResponse(req);
    let isClosed = false;
    const end = (): void => {
      res.destroy();
      // Node 26 tells of the end itself, also where there is no connection; earlier ones don't.
      process.nextTick(() => isClosed || res.emit('close'));
    };
    const last = new InProcessSink(request.sink, end);
    const prepare = (begun: RequestContext): void => {
      begun.sink = last;
      begun.dryRun = request.dryRun ?? false;
      begun.mayAsk = request.mayAsk ?? false;
      if (begun.dryRun) becomeExplained(begun, request.refusal, connection);
      if (request.parent !== undefined) becomePartOf(begun, request.parent, request.part);
    };
    const context = begin(req, res, prepare, request.parent);
    // Whoever ends a request from outside destroys its response, or its connection.
    connection.once('close', end);
    res.once('close', () => {
      isClosed = true;
      last.breakOff(context);
    });
    return {
      context,
      abort(error) {
        if (error !== undefined) {
          context.abort?.close();
          last.fail(context, error);
        } else {
          last.forget();
          end();
        }
      },
    };
  };
}

/** A request that came by no connection; `connection` is asked for the address of its other end, and for nothing else. */
export function createRequest(
  { method, target, headers, body }: Pick<InProcessRequest, 'method' | 'target' | 'headers' | 'body'>,
  connection: object,
  Request: ExpressApp['classes']['IncomingMessage'],
): IncomingMessage {
  const req = new Request(connection as unknown as Socket);
  req.method = method;
  req.url = target;
  req.httpVersion = '1.1';
  req.httpVersionMajor = 1;
  req.httpVersionMinor = 1;
  req.rawHeaders = body === undefined ? [...headers] : [...headers, 'content-length', String(body.length)];
  req.headers = gather(req.rawHeaders);
  if (body !== undefined) req.push(body);
  req.push(null);
  req.complete = true;
  return req;
}

/** Fields of which Node keeps the first alone. */
const SINGLE = new Set(
  'authorization content-length content-type etag from host if-modified-since if-unmodified-since max-forwards proxy-authorization referer user-agent'.split(
    ' ',
  ),
);

/** The fields by their lower-case names, lists joined, as Node does it for a request that it has parsed itself. */
function gather(rawHeaders: readonly string[]): Record<string, string> {
  // Clients choose the names: `constructor` is one like any other.
  const fields = Object.create(null) as Record<string, string>;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (!SINGLE.has(name)) fields[name] = before + (name === 'cookie' ? '; ' : ', ') + value;
  }
  return fields;
}

/** A handshake is explained as one, though there is no socket that could be taken over. */
function becomeExplained(context: RequestContext, refusal: GatewayError | undefined, socket: Duplex): void {
  context.trace = refusal === undefined ? [] : [{ stage: 'match', decision: 'not looked at' }];
  context.refusal = refusal;
  if (isHandshake(context.req)) context.upgrade = { socket, head: Buffer.alloc(0), ended: () => undefined };
}

/** The client of a part is the client of the whole. */
function becomePartOf(context: RequestContext, parent: RequestContext, part: string | undefined): void {
  context.parent = parent;
  context.part = parent.part === undefined || part === undefined ? part : `${parent.part}.${part}`;
  context.peerAddress = parent.peerAddress;
  context.peerTrusted = parent.peerTrusted;
  context.clientAddress = parent.clientAddress;
  context.scheme = parent.scheme;
}

/** Stands where a request's socket is. */
class NoConnection extends Duplex {
  readonly bytesRead = 0;
  readonly bytesWritten = 0;
  /** Of whom it stands for: TRUST_PROXY is asked about it as about any other. */
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;

  constructor(from: InProcessRequest['from']) {
    super();
    this.remoteAddress = from?.address;
    this.encrypted = from?.scheme === 'https';
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  resetAndDestroy(): this {
    return this.destroy();
  }
}

/** The last sink of a request in process: notes for the log what was answered, hands it to the caller, and ends the request. */
class InProcessSink implements Sink {
  readonly #sink: Sink;
  readonly #onEnd: () => void;
  /** The caller has been told of the end, or wants to hear nothing of it. */
  #isOver = false;

  constructor(sink: Sink, onEnd: () => void) {
    this.#sink = sink;
    this.#onEnd = onEnd;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    if (this.#isOver) return;
    context.status = status;
    context.headAtMs = performance.now();
    context.answerer = answerer;
    this.#sink.head(context, status, fields, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    if (this.#isOver) return true;
    context.bytesOut += chunk.length;
    return this.#sink.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (last !== undefined) context.bytesOut += last.length;
    context.isWhole = true;
    this.#sink.end(context, last);
    this.#onEnd();
  }

  fail(context: RequestContext, error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    noteError(context, error);
    if (context.status === 0) {
      context.status = error instanceof GatewayError ? error.status : 500;
      context.answerer = 'gateway';
      context.isWhole = true;
    }
    this.#sink.fail(context, error);
    this.#onEnd();
  }

  /** The request was ended from outside: the caller would wait for ever. */
  breakOff(context: RequestContext): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.fail(context, new GatewayError('client_closed', 'It was ended before its answer was complete.'));
  }

  forget(): void {
    this.#isOver = true;
  }
}
