import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyMiddleware, type Plugin } from 'http-proxy-middleware';
import type { UpgradeRequest } from '../../context.ts';

/** One attempt, as the proxy of a route prefix sends it. Found on the request by `attemptOf`. */
export interface ProxyAttempt {
  /** Where to: the target's URL. */
  readonly target: URL;
  /** The path and query that the service is asked for. */
  readonly path: string;
  /** Sends the request; http-proxy-middleware would have done so with its own transport. */
  send(): void;
}

/** http-proxy-middleware for one route prefix, with our transport in its place. */
export interface RouteProxy {
  /** Sends the request's attempt on its way; its outcome is told to the attempt, not here. */
  forward(req: IncomingMessage, res: ServerResponse, attempt: ProxyAttempt): void;
  /** The same for a request that asks for a WebSocket, through the instance's own `upgrade`. */
  upgrade(req: IncomingMessage, upgrade: UpgradeRequest, attempt: ProxyAttempt): void;
}

const kAttempt = Symbol('turnpike.attempt');

interface WithAttempt {
  [kAttempt]?: ProxyAttempt;
}

function attemptOf(req: IncomingMessage): ProxyAttempt {
  const attempt = (req as WithAttempt)[kAttempt];
  if (attempt === undefined) throw new Error('this request has no attempt under way');
  return attempt;
}

/**
 * Replaces httpxy's transport (twice the CPU of undici's, and a client could end the process through it), and
 * listens to `error`, without which a failure would be an unhandled rejection (http-proxy-middleware 4.2, httpxy 0.5).
 */
function transportPlugin(onBug: OnBug): Plugin {
  const send = (req: IncomingMessage): Promise<void> => {
    attemptOf(req).send();
    return Promise.resolve();
  };
  return (proxyServer) => {
    proxyServer.web = send;
    proxyServer.ws = send;
    proxyServer.on('error', (error, req, end) => {
      // Of an ordinary request it is told by `next` too.
      if (req !== undefined && !(end instanceof ServerResponse)) onBug(error, req);
    });
  };
}

type OnBug = (error: unknown, req: IncomingMessage) => void;

/**
 * `onBug`: a request that http-proxy-middleware did not send, by its own fault and never the service's; whoever is
 * told answers it, for nobody else will.
 */
export function createProxy(onBug: OnBug): RouteProxy {
  let isTaken = false;
  // A copy each: the package writes into the options it is given.
  const middleware = createProxyMiddleware({
    target: 'http://unused.invalid',
    ejectPlugins: true,
    // Every request: its default would look at the URL to find that out.
    pathFilter: () => {
      isTaken = true;
      return true;
    },
    plugins: [transportPlugin(onBug)],
    router: (req) => attemptOf(req).target,
    pathRewrite: (_path, req) => attemptOf(req).path,
  });
  const servers = new WeakSet<Server>();

  function forward(req: IncomingMessage, res: ServerResponse, attempt: ProxyAttempt): void {
    const server = serverOf(req);
    const subscription = server === undefined || servers.has(server) ? undefined : expectSubscription(server, attempt);
    begin(req, subscription?.attempt ?? attempt);
    const done = middleware(req, res, (error) => onBug(error ?? new Error(PASSED_BY), req));
    if (server === undefined || subscription === undefined) return;
    servers.add(server);
    void done.then(subscription.undo);
  }

  function upgrade(req: IncomingMessage, { socket, head }: UpgradeRequest, attempt: ProxyAttempt): void {
    begin(req, attempt);
    isTaken = false;
    // It subscribes to no server here and writes nothing to the socket: our `ws` does.
    middleware.upgrade(req, socket as Socket, head);
    // It asks the filter at once; when it doesn't, nobody is told (http-proxy-middleware 4.2).
    if (!isTaken) onBug(new Error(PASSED_BY), req);
  }

  return { forward, upgrade };
}

const PASSED_BY = 'http-proxy-middleware passed a request by';

/**
 * http-proxy-middleware parses `req.url`, and passes a request by, without an error, when it can't: a target such as
 * `//a:b/x` would never be answered. The target has been read by then, so it finds a path of ours there.
 */
function begin(req: IncomingMessage, attempt: ProxyAttempt): void {
  (req as WithAttempt)[kAttempt] = attempt;
  req.url = '/';
}

function serverOf(req: IncomingMessage): Server | undefined {
  return (req.socket as { server?: Server } | null)?.server;
}

/**
 * Each instance adds one `close` listener to the server for good, to close a proxy server that it never opened:
 * after some reloads they would be many (http-proxy-middleware 4.2). It does so right after the first attempt has been
 * sent, before anything but promises can run: what is new then is its own.
 */
function expectSubscription(server: Server, attempt: ProxyAttempt): { attempt: ProxyAttempt; undo: () => void } {
  let before = new Set<unknown>(server.listeners('close'));
  return {
    attempt: {
      get target() {
        return attempt.target;
      },
      get path() {
        return attempt.path;
      },
      send() {
        attempt.send();
        before = new Set(server.listeners('close'));
      },
    },
    undo() {
      for (const listener of server.listeners('close')) {
        if (!before.has(listener)) server.off('close', listener as () => void);
      }
    },
  };
}
