import { type Remark, renderWarnings } from '../audit/remark.ts';
import type { MatchOptions } from '../routing/keys.ts';
import { nameOfRoute } from './route-name.ts';

type NamedRoute = MatchOptions & {
  readonly name?: string | undefined;
  readonly shadow?: readonly string[] | undefined;
  readonly timeouts?: { readonly headers: number; readonly total?: number | undefined } | undefined;
  readonly fault?: unknown;
  readonly graphql?: { readonly subscriptions: string } | undefined;
  readonly mcp?: object | undefined;
  readonly websocket?: unknown;
};

const SHOWN_NAMES = 5;
const DEFAULT_HEADERS_MS = 30_000;

/** What a person should know of routes that are right as they stand: those never reached, those on trial, and others. */
export function warnOfRoutes(routes: readonly NamedRoute[]): readonly string[] {
  return renderWarnings(remarkOnRoutes(routes));
}

/** The same, each with its id and path. */
export function remarkOnRoutes(routes: readonly NamedRoute[]): readonly Remark[] {
  return [
    ...findUnreached(routes),
    ...findTakenHosts(routes),
    ...routes.flatMap((route, index) => remarkOnOne(route, ['routes', index])),
  ];
}

/** Routes whose every method is taken by earlier ones, which match under the same conditions otherwise. */
function findUnreached(routes: readonly NamedRoute[]): readonly Remark[] {
  const takers = new Map<string, NamedRoute>();
  return routes.flatMap((route, index): Remark[] => {
    const places = placesOf(route);
    const earlier = new Set(places.flatMap((place) => takers.get(place) ?? []));
    const isReached = places.length === 0 || places.some((place) => !takers.has(place));
    for (const place of places) if (!takers.has(place)) takers.set(place, route);
    if (isReached) return [];
    const names = [...earlier].map((taker) => `"${nameOfRoute(taker)}"`).join(', ');
    const message = `the route "${nameOfRoute(route)}" is never reached: ${names} before it takes all of its methods`;
    return [{ id: 'route-never-reached', at: ['routes', index, 'prefix'], message }];
  });
}

/** Each method at each prefix, with the other conditions. None for a route of all methods, which comes after others. */
function placesOf({ prefix, methods, exact, hosts = [], headers = {}, pathRegex }: NamedRoute): readonly string[] {
  if (methods === undefined) return [];
  const conditions = JSON.stringify([exact, [...hosts].sort(), Object.entries(headers).sort(), pathRegex ?? null]);
  // GET takes HEAD too.
  const taken = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  const paths = prefix.map((path) => path.replace(/\/:[^/]+/g, '/:'));
  return paths.flatMap((path) => taken.map((method) => `${method} ${path} ${conditions}`));
}

/**
 * Routes with `hosts` that have routes of any host below their prefix. The longest prefix wins before the host is looked
 * at, which is the other way round than with nginx's `server_name`.
 */
function findTakenHosts(routes: readonly NamedRoute[]): readonly Remark[] {
  const anyHost = routes.filter(({ hosts }) => hosts === undefined);
  return routes.flatMap((route, index): Remark[] => {
    if (route.hosts === undefined || route.exact) return [];
    const takers = anyHost.filter((other) => isBelow(other, route)).map((other) => `"${nameOfRoute(other)}"`);
    if (takers.length === 0) return [];
    const shown = takers.slice(0, SHOWN_NAMES).join(', ');
    const more = takers.length > SHOWN_NAMES ? ` and ${takers.length - SHOWN_NAMES} more` : '';
    const name = nameOfRoute(route);
    const message = `the route "${name}" does not get all requests of its hosts: a longer prefix wins before a host does, and so some go to ${shown}${more}`;
    return [
      { id: 'host-loses-requests', at: ['routes', index, 'hosts'], message, fix: 'Give "hosts" to each of them' },
    ];
  });
}

function isBelow({ prefix: lower }: NamedRoute, { prefix: upper }: NamedRoute): boolean {
  return lower.some((low) =>
    upper.some((high) => low.length > high.length && low.startsWith(high === '/' ? '/' : `${high}/`)),
  );
}

/** How some frameworks write a segment that stands for any value; OData and FHIR have `$metadata` and the like. */
const DOLLAR_PARAM = /\/\$(\w*(?:id|name|slug|key))(?=\/|$)/i;

type At = readonly PropertyKey[];

function remarkOnOne(route: NamedRoute, at: At): readonly Remark[] {
  return [opened, failing, socketless, cutShort, namedByDollar].flatMap((find) => find(route, at));
}

function namedByDollar(route: NamedRoute, at: At): readonly Remark[] {
  const [, name] = route.prefix.map((prefix) => DOLLAR_PARAM.exec(prefix)).find((found) => found !== null) ?? [];
  if (name === undefined) return [];
  const message = `the route "${nameOfRoute(route)}" takes "$${name}" by the letter: a segment that stands for any value is written ":${name}"`;
  return [{ id: 'dollar-segment', at: [...at, 'prefix'], message }];
}

/** The default of `headers` is cut on purpose by a short `total`; what somebody has written is not. */
function cutShort(route: NamedRoute, at: At): readonly Remark[] {
  const { headers = 0, total = Number.POSITIVE_INFINITY } = route.timeouts ?? {};
  if (headers <= total || headers === DEFAULT_HEADERS_MS) return [];
  const message = `"timeouts.headers" of the route "${nameOfRoute(route)}" is never reached: "total" ends all attempts after ${total / 1000} seconds`;
  return [{ id: 'timeout-never-reached', at: [...at, 'timeouts', 'headers'], message }];
}

function opened(route: NamedRoute, at: At): readonly Remark[] {
  if (!route.shadow?.includes('authenticate')) return [];
  const message = `the route "${nameOfRoute(route)}" only tries "authenticate" out ("shadow"): it lets everybody in`;
  return [{ id: 'auth-on-trial', at: [...at, 'shadow'], message }];
}

function failing(route: NamedRoute, at: At): readonly Remark[] {
  if (route.fault === undefined) return [];
  const message = `the route "${nameOfRoute(route)}" fails on purpose ("fault")`;
  return [{ id: 'fault-injected', at: [...at, 'fault'], message }];
}

function socketless(route: NamedRoute, at: At): readonly Remark[] {
  if ((route.websocket ?? false) === false) return [];
  const refused = (by: string, instead: string): Remark => ({
    id: 'websocket-refused',
    at: [...at, 'websocket'],
    message: `the route "${nameOfRoute(route)}" refuses every WebSocket, since "${by}" can't look into one: leave "websocket" out${instead}`,
  });
  if (route.mcp !== undefined) return [refused('mcp', '')];
  if (route.graphql?.subscriptions !== 'refused') return [];
  return [refused('graphql', ', or let all of them pass with "subscriptions": "unguarded"')];
}
