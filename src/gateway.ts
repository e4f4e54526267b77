import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TAKEN_OVER } from './answer/head.ts';
import { renderProblem } from './answer/problem.ts';
import type { FileConfig } from './config/routes.ts';
import { attachContext, contextOf, RequestContext, type UpgradeRequest } from './context.ts';
import type { Deps } from './deps.ts';
import type { GatewayError } from './errors.ts';
import { createAddressResolver } from './lib/client-address.ts';
import { createExpressApp, type ExpressApp } from './pipeline/express-app.ts';
import { walk } from './pipeline/walk.ts';
import { createAddressBound } from './server/address-places.ts';
import { compileSnapshot, type Snapshot } from './snapshot.ts';
import { countTargets, serviceKind } from './upstream/service.ts';
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
  /** Answers a request that no route may see, as one that matches none: with its ID, its log line and its metric. */
  refuse(req: IncomingMessage, res: ServerResponse, error: GatewayError): void;
  /**
   * Ends a request under way whose upload is at fault: with this error where its answer has not begun, else (or without
   * an error, when the client has left) by breaking the answer off.
   */
  fail(context: RequestContext, error: GatewayError | undefined): void;
  /** Ends a request for good, whatever became of its answer: every place that it has is free again. */
  end(context: RequestContext): void;
  /** Requests that have begun and not ended. */
  readonly open: ReadonlySet<RequestContext>;
  readonly inFlight: number;
  /** Compiles another snapshot and swaps it in. Throws, and changes nothing, when it can't be compiled. */
  load(config: FileConfig): void;
  /** Lets go of everything that the snapshot in force holds. */
  close(): void;
}

export function createGateway(deps: Deps, first: FileConfig, builtins: Builtins): Gateway {
  const addressOf = createAddressResolver(deps.settings.trustProxy);
  const takePlace = createAddressBound(deps.settings.maxInFlightPerAddress, deps.log);
  let snapshot = compileSnapshot(first, deps);
  const open = new Set<RequestContext>();
  deps.metrics.watchInFlight(() => open.size);
  deps.metrics.watchTargets(() => deps.pool.list(serviceKind).map(countTargets));
  const upgrades = new WeakMap<IncomingMessage, UpgradeRequest>();

  /** Once a request, when its answer is complete or its connection gone. */
  function endRequest(context: RequestContext): void {
    if (!open.delete(context)) return;
    context.abort?.close();
    context.websocket?.leave();
    context.places?.leave();
    context.end?.(context);
    context.snapshotDone?.();
  }

  /** The only `close` listener that every response has. */
  function onClose(this: ServerResponse): void {
    endRequest(contextOf(this.req));
  }

  function begin(req: IncomingMessage, res: ServerResponse, current: Snapshot): RequestContext {
    const context = new RequestContext(req, res);
    attachContext(req, context);
    open.add(context);
    current.enter();
    context.snapshotDone = current.leave;
    res.on('close', onClose);
    addressOf(req, context);
    return context;
  }

  function dispatch(req: IncomingMessage, res: ServerResponse): void {
    const current = snapshot;
    const context = begin(req, res, current);
    if (req.headers.upgrade !== undefined) {
      context.upgrade = upgrades.get(req);
      upgrades.delete(req);
    }
    const handlers = current.match(context);
    // Also before a route that takes everything (`/`): a load balancer must always get an answer about us.
    if (builtins(context)) return;
    walk(context, takePlace(context) ? handlers : current.implicit);
  }

  const app = createExpressApp(dispatch);
  return {
    express: app,
    wantsUpgrade: isHandshake,
    upgrade(req, socket, head) {
      upgrades.set(req, { socket, head, ended: endRequest });
      app.app(req, answerOn(req, socket, app.classes.ServerResponse));
    },
    refuse(req, res, error) {
      const context = begin(req, res, snapshot);
      context.refusal = error;
      walk(context, withoutPreflight(snapshot.implicit));
    },
    fail: failRequest,
    end: endRequest,
    get snapshot() {
      return snapshot;
    },
    open,
    get inFlight() {
      return open.size;
    },
    load(config) {
      const next = compileSnapshot(config, deps, snapshot);
      const previous = snapshot;
      snapshot = next;
      previous.retire();
    },
    close: () => snapshot.retire(),
  };
}

/** A preflight that is no valid HTTP is refused as such. */
function withoutPreflight(handlers: Snapshot['implicit']): Snapshot['implicit'] {
  return handlers.filter(({ name }) => name !== 'preflight');
}

function failRequest(context: RequestContext, error: GatewayError | undefined): void {
  const { res } = context;
  // A refusal that is on its way already is left to end by itself.
  if (res.headersSent && (context.errorCode !== undefined || res.writableEnded)) return;
  context.abort?.close();
  if (res.headersSent || error === undefined) {
    res.destroy();
    return;
  }
  renderProblem(context, error);
  // The rest of the upload won't come.
  res.end();
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
