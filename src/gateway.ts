import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestContext, UpgradeRequest } from './context.ts';
import type { Deps, InProcess } from './deps.ts';
import type { GatewayError } from './errors.ts';
import { createSideWork, type Steps } from './lib/steps.ts';
import { createDebugTrace } from './pipeline/debug-trace.ts';
import { createExpressApp, type ExpressApp } from './pipeline/express-app.ts';
import { createInProcess } from './pipeline/in-process.ts';
import { createOpenRequests, type Open } from './pipeline/open-requests.ts';
import { createUpgradeResponse } from './pipeline/upgrade-response.ts';
import { walk } from './pipeline/walk.ts';
import { createAddressBound } from './server/address-places.ts';
import { countTargets, reportServices } from './server/report.ts';
import { type Configuration, compileInSteps, compileSnapshot, type Snapshot } from './snapshot.ts';
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
  readonly open: Open;
  readonly inFlight: number;
  /**
   * Compiles another snapshot, and swaps it in with the last step. Throws, and changes nothing, when it can't be
   * compiled; nor does it change anything when it is given up before. One at a time.
   */
  load(loaded: Configuration): Steps<void>;
  /** Lets go of everything that the snapshot in force holds. */
  close(): void;
}

export function createGateway(deps: Deps, first: Configuration, builtins: Builtins): Gateway {
  const takePlace = createAddressBound(deps.settings.maxInFlightPerAddress, deps.log);
  const { open, begin, end } = createOpenRequests(deps.settings);
  const traceIfAsked = createDebugTrace(deps.settings, deps.clock);
  deps.metrics.watchInFlight(() => countOfClients(open));
  deps.metrics.watchTargets(() => reportServices(deps.pool).map(countTargets));
  const upgrades = new WeakMap<IncomingMessage, UpgradeRequest>();

  function dispatch(
    req: IncomingMessage,
    res: ServerResponse,
    prepare?: (context: RequestContext) => void,
    parent?: RequestContext,
  ): RequestContext {
    const current = (parent?.snapshot as Snapshot | undefined) ?? snapshot;
    const context = begin(req, res, current);
    if (req.headers.upgrade !== undefined) {
      context.upgrade = upgrades.get(req);
      upgrades.delete(req);
    }
    traceIfAsked(context);
    prepare?.(context);
    const handlers = context.refusal === undefined ? current.match(context) : withoutPreflight(current.implicit);
    // Also before a route that takes everything (`/`): a load balancer must always get an answer about us.
    if (builtins(context)) return answeredByUs(context);
    const hasPlace = context.parent !== undefined || context.dryRun || takePlace(context);
    walk(context, hasPlace ? handlers : current.implicit);
    return context;
  }

  const app = createExpressApp((req, res) => void dispatch(req, res));
  const snapshotDeps: SnapshotDeps = { ...deps, inProcess: createInProcess(app.classes, dispatch) };
  const sideWork = createSideWork();
  let snapshot = compileSnapshot(first, snapshotDeps);
  snapshot.comeIntoForce();
  return {
    express: app,
    inProcess: snapshotDeps.inProcess,
    wantsUpgrade: isHandshake,
    upgrade(req, socket, head) {
      upgrades.set(req, { socket, head, ended: end });
      app.app(req, createUpgradeResponse(req, socket, app.classes.ServerResponse));
    },
    refuse(req, res, error) {
      const context = begin(req, res, snapshot);
      context.refusal = error;
      walk(context, withoutPreflight(snapshot.implicit));
    },
    fail: failRequest,
    end,
    get snapshot() {
      return snapshot;
    },
    open,
    get inFlight() {
      return open.size;
    },
    *load(loaded) {
      const next = yield* compileInSteps(loaded, snapshotDeps, snapshot);
      const previous = snapshot;
      snapshot = next;
      next.comeIntoForce();
      previous.retire(sideWork);
    },
    close() {
      sideWork.close();
      snapshot.retire(sideWork);
    },
  };
}

/** Whatever route would take such a path, it never sees the request. */
function answeredByUs(context: RequestContext): RequestContext {
  context.route = undefined;
  if (context.trace !== undefined) context.trace = [{ stage: 'match', decision: 'answered by the gateway itself' }];
  return context;
}

/** What clients have in flight: neither the parts of their requests nor explanations. */
function countOfClients(open: Open): number {
  let count = 0;
  for (const { parent, dryRun } of open) if (parent === undefined && !dryRun) count += 1;
  return count;
}

/** A preflight that is no valid HTTP is refused as such. */
function withoutPreflight(handlers: Snapshot['implicit']): Snapshot['implicit'] {
  return handlers.filter(({ name }) => name !== 'preflight');
}

function failRequest(context: RequestContext, error: GatewayError | undefined): void {
  const { res, status } = context;
  // A refusal that is on its way already is left to end by itself.
  if (status !== 0 && (context.errorCode !== undefined || res.writableEnded)) return;
  context.abort?.close();
  if (status !== 0 || error === undefined) {
    res.destroy();
    return;
  }
  context.sink.fail(context, error);
  // The rest of the upload won't come.
  res.end();
}
