import { parseBareRoute, type RouteConfig } from '../../config/routes.ts';
import { attachContext, RequestContext } from '../../context.ts';
import type { Deps } from '../../deps.ts';
import { createAddressResolver } from '../../lib/client-address.ts';
import { HiddenValues } from '../../lib/hidden-values.ts';
import type { SideWork, Steps } from '../../lib/steps.ts';
import { createMessageLog } from '../../log/log.ts';
import type { RecordedRequest } from '../../log/recorder.ts';
import { createMetrics } from '../../metrics.ts';
import { createExpressApp } from '../../pipeline/express-app.ts';
import { createRequest } from '../../pipeline/in-process.ts';
import { Pool } from '../../pool.ts';
import { type Configuration, compileInSteps, type Snapshot } from '../../snapshot.ts';
import type { SnapshotDeps } from '../../stage.ts';
import { judgedStages } from './stage-terms.ts';
import { createUnseenConditions } from './unseen.ts';

/** A configuration that requests are decided by on trial: in force nowhere, with nothing to share and nobody to ask. */
export interface Side {
  readonly configuration: Configuration;
  readonly snapshot: Snapshot;
  /** A route that says nothing. */
  readonly bare: RouteConfig;
  /** Makes the context of a request, and matches it. */
  begin(request: RecordedRequest): Begun;
  close(): void;
}

/** A request that may walk its handlers. */
interface Begun {
  readonly context: RequestContext;
  readonly handlers: Snapshot['implicit'];
  /** See `UnseenConditions.lostBy`. */
  readonly unseen: string;
}

/** What stands in the place of what lives as long as the process. One is enough: nothing is ever written into it. */
type Aside = Pick<Deps, 'log' | 'accessLog' | 'metrics' | 'call' | 'redis'>;

export function createAside({ settings }: Pick<Deps, 'settings'>): Aside {
  const log = createMessageLog(settings, { append: () => undefined, isOff: true });
  return {
    log,
    accessLog: log,
    metrics: createMetrics(),
    redis: undefined,
    call: async () => askNobody(),
  };
}

/** Compiles what is judged of a configuration, beside the one in force. */
export function* compileSide(configuration: Configuration, deps: Deps, aside: Aside, sideWork: SideWork): Steps<Side> {
  const trial: SnapshotDeps = { ...deps, ...aside, pool: new Pool(), hidden: new HiddenValues(), inProcess: askNobody };
  const { classes } = createExpressApp(() => undefined);
  yield;
  const addressOf = createAddressResolver(deps.settings.trustProxy);
  const stages = judgedStages(configuration.stages);
  const snapshot = yield* compileInSteps({ ...configuration, stages }, trial);
  const unseen = createUnseenConditions(snapshot);
  return {
    configuration,
    snapshot,
    bare: parseBareRoute(stages, { prefix: '/', auth: 'none' }),
    begin({ peer, scheme, ...asked }) {
      const req = createRequest(asked, { remoteAddress: peer, encrypted: scheme === 'https' }, classes.IncomingMessage);
      const context = new RequestContext(req, new classes.ServerResponse(req));
      attachContext(req, context);
      addressOf(req, context);
      context.dryRun = true;
      // Which routes lost is mostly of no interest, and would cost more than the rest.
      if (unseen.concern(context)) context.trace = [];
      const handlers = snapshot.match(context);
      const lostBy = unseen.lostBy(context);
      context.trace = [];
      return { context, handlers, unseen: lostBy };
    },
    close: () => snapshot.retire(sideWork),
  };
}

function askNobody(): never {
  throw new Error('nobody is asked for a trial');
}
