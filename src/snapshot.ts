import { isDeepStrictEqual } from 'node:util';
import type { RequestHandler } from 'express';
import { allCredentialPlaces, peerProofFields } from './auth/auth-option.ts';
import { ConfigError } from './config/config-error.ts';
import type { LoadedRoutes } from './config/load-with.ts';
import { type FileConfig, parseBareRoute, type RouteConfig, type StageList } from './config/routes.ts';
import type { RequestContext } from './context.ts';
import { finish, type SideWork, type Steps } from './lib/steps.ts';
import { OwnStageFault } from './own/instance.ts';
import { matchRoute } from './pipeline/match.ts';
import { named } from './pipeline/named.ts';
import { createOwnRoutes } from './pipeline/own-routes.ts';
import { IMPLICIT, routeInfo } from './pipeline/route-info.ts';
import { shadowHandler } from './pipeline/shadow.ts';
import { Holding, holdNew } from './pool.ts';
import { compileRouteTable, type RouteTable } from './routing/table.ts';
import type { RouteInfo, SnapshotDeps, Stage, StageDeps } from './stage.ts';

/** A route as it runs: what the stages made of it, in their order. */
export interface CompiledRoute extends RouteInfo {
  readonly handlers: readonly RequestHandler[];
  /** The implicit chain in the words of this route, for a method that it doesn't take; undefined without such words. */
  readonly refusing: readonly RequestHandler[] | undefined;
  /** Names of the stages that are on this route. */
  readonly stages: readonly string[];
  readonly config: RouteConfig;
}

/** A configuration that was checked, and the pipeline that runs it. */
export type Configuration = Pick<LoadedRoutes<FileConfig>, 'config' | 'stages' | 'hidden' | 'own'>;

/** One compiled configuration. It never changes; a reload makes another one. */
export interface Snapshot extends Configuration {
  readonly routes: readonly CompiledRoute[];
  readonly table: RouteTable<CompiledRoute>;
  /** The chain that refuses what no route takes: CORS to the log, then the refusal. */
  readonly implicit: readonly RequestHandler[];
  /** What was compiled, for the next snapshot to share. */
  readonly parts: Parts;
  /** Finds the route of a request and fills in where it goes; answers the handlers to walk. */
  match(context: RequestContext): readonly RequestHandler[];
  /** Counts the requests that still need it. */
  enter(): void;
  readonly leave: () => void;
  /** It is the one that new requests walk: what had to wait for that happens now. */
  comeIntoForce(): void;
  /** No new request will come; when the last one has left, everything it holds is let go, on the side. */
  retire(sideWork: SideWork): void;
}

interface PreparedStage {
  readonly stage: Stage;
  readonly shared: unknown;
}

interface Parts {
  readonly prepared: Holding<readonly PreparedStage[]>;
  /** Fields that stop at the gateway on every route, since some route takes them as proof. */
  readonly proofFields: readonly string[];
  readonly routes: ReadonlyMap<RouteConfig, Holding<CompiledRoute>>;
}

/** Compiles a configuration in one go, for a gateway that serves nobody yet. */
export function compileSnapshot(configuration: Configuration, deps: SnapshotDeps): Snapshot {
  return finish(compileInSteps(configuration, deps));
}

/**
 * Compiles a configuration: prepares every stage once, and creates its handler for every route, of which each is a step.
 * Where nothing but routes has changed since `previous`, whose stages are the same, a route that is the very same object
 * (config/load.ts) keeps its chain: a thousand routes reload as fast as the one that was edited.
 */
export function* compileInSteps(
  configuration: Configuration,
  deps: SnapshotDeps,
  previous?: Snapshot,
): Steps<Snapshot> {
  const { config, stages, hidden } = configuration;
  const versioned = stages.filter(({ version }) => version !== undefined);
  deps.hidden.expect(hidden, allCredentialPlaces(config.routes.map(({ auth }) => auth)));
  const proofFields = [...new Set(config.routes.flatMap(({ auth }) => peerProofFields(auth)))].sort();
  const isAlike =
    previous?.stages === stages &&
    hidden.id === previous.hidden.id &&
    hasSameTop(config, previous.config) &&
    isDeepStrictEqual(proofFields, previous.parts.proofFields);
  const shared = isAlike ? previous?.parts : undefined;
  const held: Holding<unknown>[] = [];
  const acts: (() => void)[] = [() => deps.hidden.settle()];
  const compileDeps: CompileDeps = { ...deps, whenInForce: (act) => void acts.push(act) };
  const keep = <T>(holding: Holding<T>): Holding<T> => {
    held.push(holding);
    return holding;
  };
  let isDone = false;
  try {
    const prepared = keep(shared?.prepared.hold() ?? (yield* prepareStages(stages, config, compileDeps)));
    const bare = parseBareRoute(stages, { prefix: '/', auth: 'none' });
    const compile = (info: RouteInfo, route: RouteConfig): Holding<CompiledRoute> =>
      keep(
        holdNew(deps.pool.lease(), (lease) =>
          compileRoute(info, route, bare, prepared.value, { ...compileDeps, lease }),
        ),
      );
    const routes = new Map<RouteConfig, Holding<CompiledRoute>>();
    for (const route of config.routes) {
      yield;
      const same = shared?.routes.get(route);
      routes.set(
        route,
        same === undefined ? compile(routeInfo(route, proofFields, versioned, hidden), route) : keep(same.hold()),
      );
    }
    const implicit = compile(IMPLICIT, bare);
    const own = createOwnRoutes(stages, config).map(
      (one) => compile({ ...routeInfo(one.config, proofFields, versioned, hidden), own: one.own }, one.config).value,
    );
    const all = [...[...routes.values()].map(({ value }) => value), ...own];
    const table = yield* compileRouteTable(all.map((route) => ({ route, match: route.config })));
    const parts = { prepared, proofFields, routes };
    const snapshot = createSnapshot(configuration, parts, table, implicit.value.handlers, { acts, held });
    isDone = true;
    return snapshot;
  } catch (error) {
    yield* letGo(held);
    if (!(error instanceof OwnStageFault)) throw error;
    throw new ConfigError([{ file: `own stage ${error.stage}`, line: 0, column: 0, path: '', message: error.message }]);
  } finally {
    if (!isDone) finish(letGo(held));
  }
}

/** What a stage may use, but for the lease: each route has its own. */
type CompileDeps = Omit<StageDeps, 'lease'>;

/** A step for each thing: what nobody else holds is closed, connections and all. */
function* letGo(held: Holding<unknown>[]): Steps<void> {
  for (let holding = held.at(-1); holding !== undefined; holding = held.at(-1)) {
    yield* holding.letGo();
    held.pop();
    yield;
  }
}

function hasSameTop({ routes: _, ...top }: FileConfig, { routes: __, ...before }: FileConfig): boolean {
  return isDeepStrictEqual(top, before);
}

function* prepareStages(
  stages: StageList,
  config: FileConfig,
  deps: CompileDeps,
): Steps<Holding<readonly PreparedStage[]>> {
  const lease = deps.pool.lease();
  const prepared: PreparedStage[] = [];
  let isDone = false;
  try {
    for (const stage of stages) {
      prepared.push({ stage, shared: yield* stage.prepare(config, { ...deps, lease }) });
      yield;
    }
    isDone = true;
    return new Holding<readonly PreparedStage[]>(prepared, lease).hold();
  } finally {
    if (!isDone) lease.release();
  }
}

function compileRoute(
  route: RouteInfo,
  config: RouteConfig,
  bare: RouteConfig,
  prepared: readonly PreparedStage[],
  deps: StageDeps,
): CompiledRoute {
  const { errors } = config;
  const refusing = errors?.bodies && compileChain(IMPLICIT, { ...bare, errors }, prepared, deps).handlers;
  return { ...route, ...compileChain(route, config, prepared, deps), refusing, config };
}

function compileChain(
  route: RouteInfo,
  config: RouteConfig,
  prepared: readonly PreparedStage[],
  deps: StageDeps,
): Pick<CompiledRoute, 'handlers' | 'stages'> {
  const handlers: RequestHandler[] = [];
  const stages: string[] = [];
  for (const { stage, shared } of prepared) {
    const isShadowed = config.shadow?.includes(stage.name);
    const handler = stage.create(config, isShadowed ? { ...route, isShadowed } : route, deps, shared);
    if (handler === undefined) continue;
    handlers.push(named(isShadowed ? shadowHandler(handler, stage.name, route, deps) : handler, stage.name));
    stages.push(stage.name);
    // The implicit route ends with the refusal.
    if (!route.matched && stage.name === 'refuse') break;
  }
  return { handlers, stages };
}

function createSnapshot(
  configuration: Configuration,
  parts: Parts,
  table: RouteTable<CompiledRoute>,
  implicit: readonly RequestHandler[],
  { acts, held }: { readonly acts: readonly (() => void)[]; readonly held: Holding<unknown>[] },
): Snapshot {
  let users = 0;
  let retiredTo: SideWork | undefined;

  function releaseWhenUnused(): void {
    if (users === 0) retiredTo?.run(letGo(held));
  }

  return {
    ...configuration,
    routes: [...parts.routes.values()].map(({ value }) => value),
    table,
    implicit,
    parts,
    match: (context) => matchRoute(context, table) ?? implicit,
    enter() {
      users += 1;
    },
    leave() {
      users -= 1;
      releaseWhenUnused();
    },
    comeIntoForce() {
      for (const act of acts) act();
    },
    retire(sideWork) {
      retiredTo = sideWork;
      releaseWhenUnused();
    },
  };
}
