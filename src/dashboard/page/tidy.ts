import type { Overview, RouteRow, ServiceRow } from './shapes.ts';

/** The overview with nothing where nothing was measured: a latency of what nobody called is no 0 ms. */
export function tidy(overview: Overview): Overview {
  const { window: last, cache, routes, services } = overview;
  const lookups = routes.reduce((sum, route) => sum + lookupsOf(route), 0);
  return {
    ...overview,
    window:
      last.requestsPerSecond > 0 ? last : { ...last, ...NONE, p95Ms: null, gatewayP50Ms: null, gatewayP99Ms: null },
    routes: routes.map(tidyRoute),
    services: services.map(tidyService),
    cache: cache === null || lookups > 0 ? cache : { ...cache, hitRate: null },
  };
}

const NONE = { p50Ms: null, p99Ms: null };

function tidyRoute(route: RouteRow): RouteRow {
  const { cache, requestsPerSecond } = route;
  return {
    ...route,
    ...(requestsPerSecond === 0 && NONE),
    cache: cache === null || lookupsOf(route) > 0 ? cache : { ...cache, hitRate: null },
  };
}

function tidyService(service: ServiceRow): ServiceRow {
  return {
    ...service,
    ...(service.requestsPerSecond === 0 && NONE),
    targets: service.targets.map((target) => (target.latencyMs === 0 ? { ...target, latencyMs: null } : target)),
  };
}

function lookupsOf({ cache }: RouteRow): number {
  return cache === null ? 0 : cache.hits + cache.misses + cache.stale;
}
