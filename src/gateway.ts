import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLIENT } from './answer/client.ts';
import { TAKEN_OVER } from './answer/head.ts';
import { attachContext, contextOf, RequestContext, type UpgradeRequest } from './context.ts';
import type { Deps, InProcess } from './deps.ts';
import { createAddressResolver } from './lib/client-address.ts';
import { createExpressApp, type ExpressApp } from './pipeline/express-app.ts';
import { createInProcess } from './pipeline/in-process.ts';
import { walk } from './pipeline/walk.ts';
import { countTargets, reportServices } from './server/report.ts';
import { type Configuration, compileSnapshot, type Snapshot } from './snapshot.ts';
import type { SnapshotDeps } from './stage.ts';
import { isHandshake } from './upstream/websocket/websocket.ts';

/** Answers what belongs to the gateway itself (`/health` and its like); false when the request is for a route. */
export type Builtins = (context: RequestContext) => boolean;

/** Holds the snapshot in force and swaps it; a request keeps the one that it began with. */
export interface Gateway {
  /** The Express application and its classes, to be given to a server. */
  readonly express: ExpressApp;
  readonly snapshot: Snapshot;
  /** Whether a request for an upgrade is handed to `upgrade`; any other is served as the plain request that it also is. */
  wantsUpgrade(req: IncomingMessage): boolean;
  /** Walks a request for a WebSocket through the same stages; a refusal is a real HTTP answer. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sends a request through its route without a connection. */
  readonly inProcess: InProcess;
  /** Requests that have begun and not ended. */
  readonly inFlight: number;
  /** Compiles another snapshot and swaps it in. Throws, and changes nothing, when it can't be compiled. */
  load(loaded: Configuration): void;
  /** Lets go of everything that the snapshot in force holds. */
  close(): void;
}

export function createGateway(deps: Deps, first: Configuration, builtins: Builtins): Gateway {
  const addressOf = createAddressResolver(deps.settings.trustProxy);
  let inFlight = 0;
  deps.metrics.watchInFlight(() => inFlight);
  deps.metrics.watchTargets(() => reportServices(deps.pool).map(countTargets));
  const upgrades = new WeakMap<IncomingMessage, UpgradeRequest>();

  /** Once a request, when its answer is complete or its connection gone. */
  function endRequest(context: RequestContext): void {
    inFlight -= 1;
    context.abort?.close();
    context.websocket?.leave();
    context.end?.(context);
    context.snapshotDone?.();
  }

  /** The only `close` listener that every response has. */
  function onClose(this: ServerResponse): void {
    const context = contextOf(this.req);
    if (this.writableFinished) context.isWhole = true;
    endRequest(context);
  }

  function begin(
    req: IncomingMessage,
    res: ServerResponse,
    prepare?: (context: RequestContext) => void,
  ): RequestContext {
    const context = new RequestContext(req, res, CLIENT);
    attachContext(req, context);
    inFlight += 1;
    const current = snapshot;
    current.enter();
    context.snapshotDone = current.leave;
    res.on('close', onClose);
    if (req.headers.upgrade !== undefined) {
      context.upgrade = upgrades.get(req);
      upgrades.delete(req);
    }
    addressOf(req, context);
    prepare?.(context);
    const handlers = current.match(context);
    // Also before a route that takes everything (`/`): a load balancer must always get an answer about us.
    if (!builtins(context)) walk(context, handlers);
    return context;
  }

  const app = createExpressApp((req, res) => void begin(req, res));
  const snapshotDeps: SnapshotDeps = { ...deps, inProcess: createInProcess(app.classes, begin) };
  let snapshot = compileSnapshot(first, snapshotDeps);
  return {
    express: app,
    inProcess: snapshotDeps.inProcess,
    wantsUpgrade: isHandshake,
    upgrade(req, socket, head) {
      upgrades.set(req, { socket, head, ended: endRequest });
      app.app(req, answerOn(req, socket, app.classes.ServerResponse));
    },
    get snapshot() {
      return snapshot;
    },
    get inFlight() {
      return inFlight;
    },
    load(loaded) {
      const next = compileSnapshot(loaded, snapshotDeps, snapshot);
      const previous = snapshot;
      snapshot = next;
      previous.retire();
    },
    close: () => snapshot.retire(),
  };
}

/**
 * A response on the socket of an upgrade, which the server itself gives none to. Node ends neither the socket nor the
 * response's life then, so both are done here.
 */
function answerOn(
  req: IncomingMessage,
  socket: Duplex,
  Response: ExpressApp['classes']['ServerResponse'],
): ServerResponse {
  const res = new Response(req);
  res.shouldKeepAlive = false;
  // It passes an early close of the socket on. A response may be written to any duplex; the types know of TCP alone.
  res.assignSocket(socket as Socket);
  socket.on('error', destroy);
  socket.on('readable', noticeEnd);
  socket.on('end', destroy);
  const letGo = (): void => {
    socket.off('readable', noticeEnd);
    socket.off('end', destroy);
  };
  res.once('finish', () => {
    letGo();
    res.detachSocket(socket as Socket);
    endRefused(socket);
    res.emit('close');
  });
  // Whoever takes the connection over detaches the response, and ends the request.
  res.once(TAKEN_OVER, letGo);
  return res;
}

/** How long a client may take to read a refusal. */
const REFUSED_MS = 1_000;

/** What the client has sent already is thrown away: closing with it unread would send a reset that overtakes the answer. */
function endRefused(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
  socket.end();
}

/**
 * Nobody reads while a handshake is under way, and what isn't read doesn't tell that the client has left. What it has
 * sent already stays in the buffer, for whoever takes the connection over.
 */
function noticeEnd(this: Duplex): void {
  if (this.readableLength === 0) this.read(0);
}

function destroy(this: Duplex): void {
  this.destroy();
}
