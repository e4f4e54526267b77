import type { ServerResponse } from 'node:http';
import type { RequestContext, Sink } from '../context.ts';
import { hasBody } from '../lib/has-body.ts';
import { guardTail } from './guard-tail.ts';
import { ownHead, serviceHead } from './head.ts';
import { noteError, sendProblem } from './problem.ts';
import { TRACE_FIELD, traceValue } from './trace-field.ts';

/** Up to here, copying a body costs less than writing it in a piece of its own. */
const SMALL_BYTES = 4 * 1024;

/** How long an unread upload is taken in so that the client gets to read the refusal. */
const LINGER_MS = 1_000;

/** The last sink of every request that came over a connection: writes the answer to it. One object for all of them. */
export const CLIENT: Sink = {
  head(context, status, fields, answerer) {
    const { res } = context;
    // What will be told of the answer itself is known before its head is made.
    if (context.trace !== undefined) context.addHeader(TRACE_FIELD, traceValue(context) ?? '');
    const flat = answerer === 'service' ? serviceHead(context, status, fields) : ownHead(context, fields);
    try {
      res.writeHead(status, flat);
    } catch (error) {
      // Node keeps the reason of a head that failed.
      res.statusMessage = '';
      throw error;
    }
    context.status = status;
    context.headAtMs = performance.now();
    context.answerer = answerer;
    if (fields['content-length'] === undefined) setImmediate(flushHead, res);
  },

  write(context, chunk, source) {
    const { res } = context;
    context.bytesOut += chunk.length;
    if (res.write(chunk)) return true;
    res.once('drain', () => source.resume());
    return false;
  },

  end(context, last) {
    const { req, res, idleMs } = context;
    if (last !== undefined) context.bytesOut += last.length;
    if (last !== undefined && !req.complete && context.answerer === 'gateway' && hasBody(req)) {
      lingerOn(context, last);
      return;
    }
    // A small one goes as text: Node then puts it behind a head that is still to be sent, where bytes would make the
    // two a list of pieces for the kernel.
    if (last !== undefined && last.length <= SMALL_BYTES) res.end(last.toString('latin1'), 'latin1');
    else res.end(last);
    guardTail(res, idleMs);
  },

  fail(context, error) {
    noteError(context, error);
    // Half an answer is out: a clean end would make it look whole.
    if (context.status !== 0 || context.res.destroyed) breakOff(context);
    else sendProblem(context, error, CLIENT);
  },
};

/** In HTTP/1.0 the end of the connection is the end of an answer without a length: only a reset tells that it is none. */
function breakOff({ req, res }: RequestContext): void {
  const { socket } = res;
  if (req.httpVersionMinor === 0 && socket !== null) socket.resetAndDestroy();
  else res.destroy();
}

/**
 * Node keeps a head until the first byte of the body, and the reader of a stream waits for it. An empty piece sends it
 * in Latin-1, its bytes as they came; `flushHeaders` would send it in UTF-8 (Node 26).
 */
function flushHead(res: ServerResponse): void {
  if (!res.destroyed && !res.writableEnded) res.write('', 'latin1');
}

/**
 * Where the upload has not all arrived, the rest is read and thrown away for a moment: closing at once would send a
 * reset that can overtake the answer (RFC 9112, section 9.6). That moment is no part of the time the answer took.
 */
function lingerOn(context: RequestContext, last: Buffer): void {
  const { req, res } = context;
  res.write(last, (error) => {
    if (!error) context.answeredAtMs = performance.now();
  });
  const timer = setTimeout(finish, LINGER_MS);
  function finish(): void {
    clearTimeout(timer);
    req.off('end', finish);
    req.off('close', finish);
    res.end();
  }
  req.once('end', finish);
  req.once('close', finish);
  req.resume();
}
