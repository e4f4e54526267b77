import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS, GatewayError, PROBLEM_BASE } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { hasBody } from '../lib/has-body.ts';
import { isRouted } from '../pipeline/match.ts';
import { createDoor } from '../server/listen.ts';

type Next = (error?: unknown) => void;

export interface MountOptions {
  readonly gateway: Pick<Gateway, 'express' | 'refuse' | 'snapshot'>;
  /** Whether what no route takes is handed on. */
  readonly fallthrough: boolean;
  /** Where its life is: it refuses from `closing` on, and has nothing to refuse with when it is `closed`. */
  readonly state: () => 'open' | 'closing' | 'closed';
}

/** What parsers of bodies leave behind: Express's (`_body`), and the streams themselves. */
type MaybeRead = IncomingMessage & { readonly _body?: unknown };

const READ_BEFORE =
  'The application that the gateway is mounted in has read the body of this request: mount the gateway before parsers of bodies (express.json() and its like).';

/**
 * Serves the requests of a server that is another's: an Express application's, or any that calls `(req, res)`. The
 * limits of its sockets are that server's; what concerns the requests themselves is as behind our own door.
 */
export function createMount({ gateway, fallthrough, state }: MountOptions) {
  const { app, classes } = gateway.express;
  const { serve } = createDoor({
    classes,
    handler(req, res) {
      // Asked here, since a request may have waited for others on its connection.
      if (state() !== 'open') refuseClosed(req, res);
      else if (hasBody(req) && wasRead(req)) gateway.refuse(req, res, readBefore());
      else app(req, res);
    },
    refuse: gateway.refuse,
    fail: untold,
    wantsUpgrade: () => false,
    upgrade: untold,
  });

  function isOurs(req: IncomingMessage): boolean {
    return !fallthrough || (state() !== 'closed' && isRouted(req, req.url ?? '/', gateway.snapshot.table));
  }

  function refuseClosed(req: IncomingMessage, res: ServerResponse): void {
    res.shouldKeepAlive = false;
    if (state() === 'closing') gateway.refuse(req, res, new GatewayError('draining'));
    else answerClosed(res);
  }

  return function mount(req: IncomingMessage, res: ServerResponse, next?: Next): void {
    if (next !== undefined && !isOurs(req)) next();
    // Somebody has begun to answer: there is nothing left to say.
    else if (res.headersSent) next?.(new Error('the answer to this request had begun before it came to the gateway'));
    else if (!isGone(req, res)) serve(req, res);
  };
}

/** The client has left while others had the request: its end, which we would wait for, has been told already. */
function isGone({ socket }: IncomingMessage, res: ServerResponse): boolean {
  return res.destroyed || socket.destroyed;
}

function wasRead(req: MaybeRead): boolean {
  return req.readableDidRead || req.readableEnded || req._body === true;
}

function readBefore(): GatewayError {
  return new GatewayError('internal', READ_BEFORE, { cause: new Error(READ_BEFORE) });
}

/** Without a pipeline, which is gone. */
function answerClosed(res: ServerResponse): void {
  const { status, title, advice } = ERRORS.draining;
  const body = { type: `${PROBLEM_BASE}draining`, title, status, detail: advice, code: 'draining' };
  const fields = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', connection: 'close' };
  res.writeHead(status, fields).end(JSON.stringify(body));
}

/** What only a server of our own hears of. */
const untold = (): void => undefined;
