import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { noteError } from '../answer/problem.ts';
import type { RequestContext, Sink } from '../context.ts';
import type { InProcess, InProcessRequest } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import type { Answerer, AnswerFields, Source } from '../sink.ts';
import type { ExpressApp } from './express-app.ts';

/** Takes a request into its chain; `prepare` is called before it is matched. */
export type Begin = (
  req: IncomingMessage,
  res: ServerResponse,
  prepare: (context: RequestContext) => void,
) => RequestContext;

/**
 * Makes the sender of requests that have no connection: the parts of an aggregate, explanations, trials. Such a
 * request has a request and a response object, which Express handlers expect, on a connection that leads nowhere.
 */
export function createInProcess(classes: ExpressApp['classes'], begin: Begin): InProcess {
  return function inProcess(request) {
    const req = createRequest(request, classes.IncomingMessage);
    const res = new classes.ServerResponse(req);
    let isClosed = false;
    res.once('close', () => {
      isClosed = true;
    });
    const end = (): void => {
      res.destroy();
      // Node 26 tells of the end itself, also where there is no connection; earlier ones don't.
      process.nextTick(() => isClosed || res.emit('close'));
    };
    const context = begin(req, res, (begun) => {
      begun.sink = new InProcessSink(request.sink, end);
      begun.dryRun = request.dryRun ?? false;
      if (begun.dryRun) begun.trace = [];
      if (request.parent !== undefined) becomePartOf(begun, request.parent);
    });
    return { context, abort: end };
  };
}

function createRequest(
  { method, target, headers, body }: InProcessRequest,
  Request: ExpressApp['classes']['IncomingMessage'],
): IncomingMessage {
  // An Express request reads nothing of its socket but the address.
  const req = new Request(new NoConnection() as unknown as Socket);
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

/** The fields by their lower-case names, lists joined, as Node does it for a request that it has parsed itself. */
function gather(rawHeaders: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const before = fields[name];
    fields[name] = before === undefined ? value : before + (name === 'cookie' ? '; ' : ', ') + value;
  }
  return fields;
}

/** The client of a part is the client of the whole. */
function becomePartOf(context: RequestContext, parent: RequestContext): void {
  context.parent = parent;
  context.peerAddress = parent.peerAddress;
  context.peerTrusted = parent.peerTrusted;
  context.clientAddress = parent.clientAddress;
  context.scheme = parent.scheme;
}

/** Stands where a request's socket is. */
class NoConnection extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

/** The last sink of a request in process: notes for the log what was answered, hands it to the caller, and ends the request. */
class InProcessSink implements Sink {
  readonly #sink: Sink;
  readonly #onEnd: () => void;

  constructor(sink: Sink, onEnd: () => void) {
    this.#sink = sink;
    this.#onEnd = onEnd;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    context.status = status;
    context.answerer = answerer;
    this.#sink.head(context, status, fields, answerer);
  }

  write(context: RequestContext, chunk: Buffer, source: Source): boolean {
    context.bytesOut += chunk.length;
    return this.#sink.write(context, chunk, source);
  }

  end(context: RequestContext, last: Buffer | undefined): void {
    if (last !== undefined) context.bytesOut += last.length;
    context.isWhole = true;
    this.#sink.end(context, last);
    this.#onEnd();
  }

  fail(context: RequestContext, error: unknown): void {
    noteError(context, error);
    if (context.status === 0) {
      context.status = error instanceof GatewayError ? error.status : 500;
      context.answerer = 'gateway';
      context.isWhole = true;
    }
    this.#sink.fail(context, error);
    this.#onEnd();
  }
}
