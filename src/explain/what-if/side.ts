import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseBareRoute, type RouteConfig } from '../../config/routes.ts';
import type { RequestContext } from '../../context.ts';
import type { Deps, InProcess } from '../../deps.ts';
import { HiddenValues } from '../../lib/hidden-values.ts';
import type { SideWork, Steps } from '../../lib/steps.ts';
import { createMessageLog } from '../../log/log.ts';
import { createMetrics } from '../../metrics.ts';
import { createExpressApp } from '../../pipeline/express-app.ts';
import { createInProcess } from '../../pipeline/in-process.ts';
import { createOpenRequests } from '../../pipeline/open-requests.ts';
import { Pool } from '../../pool.ts';
import { type Configuration, compileInSteps, type Snapshot } from '../../snapshot.ts';
import { judgedStages } from './stage-terms.ts';

/** A configuration that requests are decided by on trial: in force nowhere, with nothing to share and nobody to ask. */
export interface Side {
  readonly configuration: Configuration;
  readonly snapshot: Snapshot;
  /** A route that says nothing. */
  readonly bare: RouteConfig;
  readonly inProcess: InProcess;
  close(): void;
}

/** Takes a request of `inProcess`, once it has been matched. */
export type Take = (context: RequestContext, handlers: Snapshot['implicit']) => void;

/** What stands in the place of what lives as long as the process. One is enough: nothing is ever written into it. */
type Aside = Pick<Deps, 'log' | 'accessLog' | 'metrics' | 'call' | 'redis'>;

export function createAside({ settings }: Pick<Deps, 'settings'>): Aside {
  const log = createMessageLog(settings, { append: () => undefined, isOff: true });
  return {
    log,
    accessLog: log,
    metrics: createMetrics(),
    redis: undefined,
    call: () => Promise.reject(new Error('nobody is asked for a trial')),
  };
}

/** Compiles what is judged of a configuration, beside the one in force. */
export function* compileSide(
  configuration: Configuration,
  deps: Deps,
  aside: Aside,
  sideWork: SideWork,
  take: Take,
): Steps<Side> {
  const trial: Deps = { ...deps, ...aside, pool: new Pool(), hidden: new HiddenValues() };
  const { begin } = createOpenRequests(deps.settings);
  const { classes } = createExpressApp(() => undefined);
  const dispatch = (
    req: IncomingMessage,
    res: ServerResponse,
    prepare: (context: RequestContext) => void,
  ): RequestContext => {
    const context = begin(req, res, snapshot);
    prepare(context);
    // Which routes lost is of no interest, and would cost more than the rest.
    context.trace = undefined;
    const handlers = snapshot.match(context);
    context.trace = [];
    take(context, handlers);
    return context;
  };
  const inProcess = createInProcess(classes, dispatch);
  const stages = judgedStages(configuration.stages);
  const snapshot = yield* compileInSteps({ ...configuration, stages }, { ...trial, inProcess });
  return {
    configuration,
    snapshot,
    bare: parseBareRoute(stages, { prefix: '/', auth: 'none' }),
    inProcess,
    close: () => snapshot.retire(sideWork),
  };
}
