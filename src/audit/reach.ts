import { nameOfRoute } from '../config/route-name.ts';
import type { RouteConfig } from '../config/routes.ts';
import type { Remark } from './remark.ts';
import { type AuditedRoute, isWrittenHere, ownEnding, type Subject } from './subject.ts';

/** What is written and never comes to pass, or later than whoever stands in front waits. */

/** How an expression begins that fits below one path only: `^/api/v1` of `^/api/v1/\d+`. */
const LITERAL_START = /^\^((?:\/[A-Za-z0-9_-]+)+)(?=\/|\$|$|\(\?:\/)/;
/** After which load balancers end a silent connection: AWS, Google Cloud (30 s), nginx and Traefik alike. */
const BALANCER_MS = 60_000;

/** Needs all routes: the longest prefix wins before the `pathRegex` of a shorter one is looked at. */
export function findHiddenPatterns({ routes }: Subject): readonly Remark[] {
  const takers = routes.filter(({ route }) => takesAll(route));
  return routes.flatMap(({ route, index }): Remark[] => {
    const [, literal] = LITERAL_START.exec(route.pathRegex ?? '') ?? [];
    if (literal === undefined) return [];
    const taker = takers.find((other) => other.route !== route && isBetween(other.route, route, literal));
    if (taker === undefined) return [];
    const message = `the route "${nameOfRoute(route)}" is never reached: "${nameOfRoute(taker.route)}" has the longer prefix, and so takes all of ${literal}`;
    return [{ id: 'regex-never-reached', at: ['routes', index, 'pathRegex'], message }];
  });
}

/** Whether a route takes every request below its prefix. */
function takesAll({ exact, hosts, methods, headers, pathRegex }: RouteConfig): boolean {
  return !exact && [hosts, methods, headers, pathRegex].every((condition) => condition === undefined);
}

/** Whether one prefix holds all that the expression fits, and is longer than each of those of its route. */
function isBetween({ prefix: longer }: RouteConfig, { prefix: own }: RouteConfig, literal: string): boolean {
  return longer.some(
    (path) => `${literal}/`.startsWith(`${path}/`) && own.every((shorter) => shorter.length < path.length),
  );
}

export function findIdleCaches({ routes }: Subject): readonly Remark[] {
  return routes.flatMap((row): Remark[] => {
    const ending = ownEnding(row);
    const { cache = false } = row.route;
    if (cache === false || ending === undefined || !isWrittenHere(row, 'cache')) return [];
    const message = `"cache" of the route "${nameOfRoute(row.route)}" does nothing: "${ending}" asks no service`;
    return [{ id: 'cache-without-service', at: ['routes', row.index, 'cache'], message }];
  });
}

export function findLongDeadlines({ routes }: Subject): readonly Remark[] {
  return routes.flatMap((row): Remark[] => {
    if (ownEnding(row) !== undefined) return [];
    const key = longDeadline(row);
    if (key === undefined) return [];
    const message = `"timeouts.${key}" of the route "${nameOfRoute(row.route)}" is longer than most load balancers wait for an answer (60 s)`;
    return [{ id: 'timeout-above-balancer', at: ['routes', row.index, 'timeouts', key], message }];
  });
}

function longDeadline({ route: { timeouts } }: AuditedRoute): 'total' | 'headers' | undefined {
  if (timeouts.total !== undefined) return timeouts.total > BALANCER_MS ? 'total' : undefined;
  return timeouts.headers > BALANCER_MS ? 'headers' : undefined;
}
