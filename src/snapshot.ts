import { isDeepStrictEqual } from 'node:util';
import type { RequestHandler } from 'express';
import { credentialHeaders, credentialParameter, isProtected, peerProofFields } from './auth/auth-option.ts';
import type { LoadedRoutes } from './config/load-with.ts';
import { nameOfRoute } from './config/route-name.ts';
import { type FileConfig, parseBareRoute, type RouteConfig, type StageList } from './config/routes.ts';
import type { RequestContext } from './context.ts';
import { matchRoute } from './pipeline/match.ts';
import { createOwnRoutes } from './pipeline/own-routes.ts';
import { shadowHandler } from './pipeline/shadow.ts';
import { type Holding, holdNew } from './pool.ts';
import { createRouteTable } from './routing/table.ts';
import type { RouteInfo, SnapshotDeps, Stage, StageDeps } from './stage.ts';

/** A route as it runs: what the stages made of it, in their order. */
export interface CompiledRoute extends RouteInfo {
  readonly handlers: readonly RequestHandler[];
  /** Names of the stages that are on this route. */
  readonly stages: readonly string[];
  readonly config: RouteConfig;
}

/** A configuration that was checked, and the pipeline that runs it. */
export type Configuration = Pick<LoadedRoutes<FileConfig>, 'config' | 'stages'>;

/** One compiled configuration. It never changes; a reload makes another one. */
export interface Snapshot extends Configuration {
  readonly routes: readonly CompiledRoute[];
  /** The chain that refuses what no route takes: CORS to the log, then the refusal. */
  readonly implicit: readonly RequestHandler[];
  /** What was compiled, for the next snapshot to share. */
  readonly parts: Parts;
  /** Finds the route of a request and fills in where it goes; answers the handlers to walk. */
  match(context: RequestContext): readonly RequestHandler[];
  /** Counts the requests that still need it. */
  enter(): void;
  readonly leave: () => void;
  /** No new request will come; when the last one has left, everything it holds is let go. */
  retire(): void;
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

/**
 * Compiles a configuration: prepares every stage once, and creates its handler for every route.
 *
 * Where nothing but routes has changed since `previous`, whose stages are the same, a route that is the very same (config/load.ts gives it back
 * as the same object) keeps its chain: a thousand routes reload as fast as the one that was edited.
 */
export function compileSnapshot({ config, stages }: Configuration, deps: SnapshotDeps, previous?: Snapshot): Snapshot {
  const proofFields = [...new Set(config.routes.flatMap(({ auth }) => peerProofFields(auth)))].sort();
  const isAlike =
    previous?.stages === stages &&
    hasSameTop(config, previous.config) &&
    isDeepStrictEqual(proofFields, previous.parts.proofFields);
  const shared = isAlike ? previous?.parts : undefined;
  const held: Holding<unknown>[] = [];
  const letGo = (): void => {
    for (const holding of held) holding.letGo();
  };
  const keep = <T>(holding: Holding<T>): Holding<T> => {
    held.push(holding);
    return holding;
  };
  try {
    const prepared = keep(shared?.prepared.hold() ?? prepareStages(stages, config, deps));
    const compile = (info: RouteInfo, route: RouteConfig): Holding<CompiledRoute> =>
      keep(holdNew(deps.pool.lease(), (lease) => compileRoute(info, route, prepared.value, { ...deps, lease })));
    const known = shared?.routes;
    const routes = new Map<RouteConfig, Holding<CompiledRoute>>();
    for (const route of config.routes) {
      const same = known?.get(route);
      routes.set(route, same === undefined ? compile(routeInfo(route, proofFields), route) : keep(same.hold()));
    }
    const implicit = compile(IMPLICIT, parseBareRoute(stages, { prefix: '/', auth: 'none' }));
    const own = createOwnRoutes(stages, config).map(
      (one) => compile({ ...routeInfo(one.config, proofFields), own: one.own }, one.config).value,
    );
    return createSnapshot({ config, stages }, { prepared, proofFields, routes }, own, implicit.value.handlers, letGo);
  } catch (error) {
    letGo();
    throw error;
  }
}

function hasSameTop({ routes: _, ...top }: FileConfig, { routes: __, ...before }: FileConfig): boolean {
  return isDeepStrictEqual(top, before);
}

function prepareStages(stages: StageList, config: FileConfig, deps: SnapshotDeps): Holding<readonly PreparedStage[]> {
  return holdNew(deps.pool.lease(), (lease) => {
    const stageDeps: StageDeps = { ...deps, lease };
    return stages.map((stage) => ({ stage, shared: stage.prepare(config, stageDeps) }));
  });
}

const IMPLICIT: RouteInfo = { name: '(none)', prefix: '/', matched: false, isProtected: false, credentialHeaders: [] };

function routeInfo(route: RouteConfig, proofFields: readonly string[]): RouteInfo {
  return {
    name: nameOfRoute(route),
    prefix: route.prefix[0] ?? '/',
    matched: true,
    isProtected: isProtected(route.auth),
    credentialHeaders: [...credentialHeaders(route.auth, route.forwardCredentials), ...proofFields],
    credentialParameter: credentialParameter(route.auth),
  };
}

function compileRoute(
  route: RouteInfo,
  config: RouteConfig,
  prepared: readonly PreparedStage[],
  deps: StageDeps,
): CompiledRoute {
  const handlers: RequestHandler[] = [];
  const stages: string[] = [];
  for (const { stage, shared } of prepared) {
    const isShadowed = config.shadow?.includes(stage.name);
    const handler = stage.create(config, isShadowed ? { ...route, isShadowed } : route, deps, shared);
    if (handler === undefined) continue;
    handlers.push(isShadowed ? shadowHandler(handler, stage.name, route, deps) : handler);
    stages.push(stage.name);
    // The implicit route ends with the refusal.
    if (!route.matched && stage.name === 'refuse') break;
  }
  return { ...route, handlers, stages, config };
}

function createSnapshot(
  configuration: Configuration,
  parts: Parts,
  own: readonly CompiledRoute[],
  implicit: readonly RequestHandler[],
  release: () => void,
): Snapshot {
  const routes = [...parts.routes.values()].map(({ value }) => value);
  const table = createRouteTable([...routes, ...own].map((route) => ({ route, match: route.config })));
  let users = 0;
  let isRetired = false;

  function releaseWhenUnused(): void {
    if (isRetired && users === 0) release();
  }

  return {
    ...configuration,
    routes,
    implicit,
    parts,
    match: (context) => matchRoute(context, table)?.handlers ?? implicit,
    enter() {
      users += 1;
    },
    leave() {
      users -= 1;
      releaseWhenUnused();
    },
    retire() {
      isRetired = true;
      releaseWhenUnused();
    },
  };
}
