import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FileConfig } from './config/routes.ts';
import { attachContext, contextOf, RequestContext } from './context.ts';
import type { Deps } from './deps.ts';
import { createExpressApp, type ExpressApp } from './express-app.ts';
import { createAddressResolver } from './lib/client-address.ts';
import { compileSnapshot, type Snapshot } from './snapshot.ts';
import { walk } from './walk.ts';

/** Answers what belongs to the gateway itself (`/health` and its like); false when the request is for a route. */
export type Builtins = (context: RequestContext) => boolean;

/** Holds the snapshot in force and swaps it; a request keeps the one that it began with. */
export interface Gateway {
  /** The Express application and its classes, to be given to a server. */
  readonly express: ExpressApp;
  readonly snapshot: Snapshot;
  /** Requests that have begun and not ended. */
  readonly inFlight: number;
  /** Compiles another snapshot and swaps it in. Throws, and changes nothing, when it can't be compiled. */
  load(config: FileConfig): void;
  /** Lets go of everything that the snapshot in force holds. */
  close(): void;
}

export function createGateway(deps: Deps, first: FileConfig, builtins: Builtins): Gateway {
  const addressOf = createAddressResolver(deps.settings.trustProxy);
  let snapshot = compileSnapshot(first, deps);
  let inFlight = 0;

  /** Once a request, when its answer is complete or its connection gone: the only `close` listener there is. */
  function onClose(this: ServerResponse): void {
    const context = contextOf(this.req);
    inFlight -= 1;
    deps.metrics.requestsInFlight.dec();
    context.abort?.();
    context.end?.(context);
    context.snapshotDone?.();
  }

  function dispatch(req: IncomingMessage, res: ServerResponse): void {
    const context = new RequestContext(req, res);
    attachContext(req, context);
    inFlight += 1;
    deps.metrics.requestsInFlight.inc();
    const current = snapshot;
    current.enter();
    context.snapshotDone = current.leave;
    res.on('close', onClose);
    addressOf(req, context);
    const handlers = current.match(context);
    if (handlers === current.implicit && builtins(context)) return;
    walk(context, handlers);
  }

  return {
    express: createExpressApp(dispatch),
    get snapshot() {
      return snapshot;
    },
    get inFlight() {
      return inFlight;
    },
    load(config) {
      const next = compileSnapshot(config, deps);
      const previous = snapshot;
      snapshot = next;
      previous.retire();
    },
    close: () => snapshot.retire(),
  };
}
