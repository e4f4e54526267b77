import type { RequestHandler } from 'express';
import { credentialHeaders, isProtected } from './auth/auth-option.ts';
import { type FileConfig, parseBareRoute, type RouteConfig } from './config/routes.ts';
import type { RequestContext } from './context.ts';
import type { Deps } from './deps.ts';
import { matchRoute } from './match-route.ts';
import { createOwnRoutes } from './own-routes.ts';
import { createRouteTable, type RouteTable } from './routing/table.ts';
import { shadowHandler } from './shadow.ts';
import type { RouteInfo, Stage, StageDeps } from './stage.ts';
import { STAGES } from './stages.ts';

/** A route as it runs: what the stages made of it, in their order. */
export interface CompiledRoute extends RouteInfo {
  readonly handlers: readonly RequestHandler[];
  /** Names of the stages that are on this route. */
  readonly stages: readonly string[];
  readonly config: RouteConfig;
}

/** One compiled configuration. It never changes; a reload makes another one. */
export interface Snapshot {
  readonly config: FileConfig;
  readonly routes: readonly CompiledRoute[];
  /** The chain that refuses what no route takes: CORS to the log, then the refusal. */
  readonly implicit: readonly RequestHandler[];
  /** Finds the route of a request and fills in where it goes; answers the handlers to walk. */
  match(context: RequestContext): readonly RequestHandler[];
  /** Counts the requests that still need it. */
  enter(): void;
  readonly leave: () => void;
  /** No new request will come; when the last one has left, everything it holds is let go. */
  retire(): void;
}

// Each stage is typed by its own keys; here they are all alike.
type AnyStage = Pick<Stage, 'name' | 'create' | 'prepare'>;

/** Compiles a configuration: prepares every stage once, and creates its handler for every route. */
export function compileSnapshot(config: FileConfig, deps: Deps): Snapshot {
  const lease = deps.pool.lease();
  try {
    const stageDeps: StageDeps = { ...deps, lease };
    const stages = STAGES as unknown as readonly AnyStage[];
    const prepared = stages.map((stage) => ({ stage, shared: stage.prepare(config, stageDeps) }));
    const routes = config.routes.map((route) => compileRoute(routeInfo(route), route, prepared, stageDeps));
    const { handlers: implicit } = compileRoute(
      IMPLICIT,
      parseBareRoute(STAGES, { prefix: '/', auth: 'none' }),
      prepared,
      stageDeps,
    );
    const own = createOwnRoutes(config).map((one) =>
      compileRoute({ ...routeInfo(one.config), own: one.own }, one.config, prepared, stageDeps),
    );
    const table = createRouteTable([...routes, ...own].map((route) => ({ route, match: route.config })));
    return createSnapshot(config, routes, implicit, table, () => lease.release());
  } catch (error) {
    lease.release();
    throw error;
  }
}

interface PreparedStage {
  readonly stage: AnyStage;
  readonly shared: unknown;
}

const IMPLICIT: RouteInfo = { name: '(none)', prefix: '/', matched: false, isProtected: false, credentialHeaders: [] };

function routeInfo(route: RouteConfig): RouteInfo {
  return {
    name: nameOf(route),
    prefix: route.prefix[0] ?? '/',
    matched: true,
    isProtected: isProtected(route.auth),
    credentialHeaders: credentialHeaders(route.auth, route.forwardCredentials),
  };
}

/** The name of a route in logs, metrics and the dashboard. */
export function nameOf(route: RouteConfig): string {
  if (route.name !== undefined) return route.name;
  const { methods = [], hosts = [], prefix } = route;
  return [methods.join(','), hosts.join(','), prefix.join(',')].filter((part) => part !== '').join(' ');
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
    const handler = stage.create(config, route, deps, shared);
    if (handler === undefined) continue;
    const isShadowed = config.shadow?.some((name) => name === stage.name);
    handlers.push(isShadowed ? shadowHandler(handler, stage.name, route, deps) : handler);
    stages.push(stage.name);
    // The implicit route ends with the refusal.
    if (!route.matched && stage.name === 'refuse') break;
  }
  return { ...route, handlers, stages, config };
}

function createSnapshot(
  config: FileConfig,
  routes: readonly CompiledRoute[],
  implicit: readonly RequestHandler[],
  table: RouteTable<CompiledRoute>,
  release: () => void,
): Snapshot {
  let users = 0;
  let isRetired = false;

  function releaseWhenUnused(): void {
    if (isRetired && users === 0) release();
  }

  return {
    config,
    routes,
    implicit,
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
