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
  return [...findUnreached(routes), ...findTakenHosts(routes), ...routes.flatMap(warnOfOne)];
}

/** Routes whose every method is taken by earlier ones, which match under the same conditions otherwise. */
function findUnreached(routes: readonly NamedRoute[]): readonly string[] {
  const takers = new Map<string, NamedRoute>();
  return routes.flatMap((route) => {
    const places = placesOf(route);
    const earlier = new Set(places.flatMap((place) => takers.get(place) ?? []));
    const isReached = places.length === 0 || places.some((place) => !takers.has(place));
    for (const place of places) if (!takers.has(place)) takers.set(place, route);
    if (isReached) return [];
    const names = [...earlier].map((taker) => `"${nameOfRoute(taker)}"`).join(', ');
    return [`the route "${nameOfRoute(route)}" is never reached: ${names} before it takes all of its methods`];
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
function findTakenHosts(routes: readonly NamedRoute[]): readonly string[] {
  const withHosts = routes.filter(({ hosts, exact }) => hosts !== undefined && !exact);
  if (withHosts.length === 0) return [];
  const anyHost = routes.filter(({ hosts }) => hosts === undefined);
  return withHosts.flatMap((route) => {
    const takers = anyHost.filter((other) => isBelow(other, route)).map((other) => `"${nameOfRoute(other)}"`);
    if (takers.length === 0) return [];
    const shown = takers.slice(0, SHOWN_NAMES).join(', ');
    const more = takers.length > SHOWN_NAMES ? ` and ${takers.length - SHOWN_NAMES} more` : '';
    const name = nameOfRoute(route);
    return [
      `the route "${name}" does not get all requests of its hosts: a longer prefix wins before a host does, and so some go to ${shown}${more}. Give "hosts" to each of them`,
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

function warnOfOne(route: NamedRoute): readonly string[] {
  return [opened, failing, socketless, cutShort, namedByDollar].flatMap((warn) => warn(route));
}

function namedByDollar(route: NamedRoute): readonly string[] {
  const [, name] = route.prefix.map((prefix) => DOLLAR_PARAM.exec(prefix)).find((found) => found !== null) ?? [];
  if (name === undefined) return [];
  return [
    `the route "${nameOfRoute(route)}" takes "$${name}" by the letter: a segment that stands for any value is written ":${name}"`,
  ];
}

/** The default of `headers` is cut on purpose by a short `total`; what somebody has written is not. */
function cutShort(route: NamedRoute): readonly string[] {
  const { headers = 0, total = Number.POSITIVE_INFINITY } = route.timeouts ?? {};
  if (headers <= total || headers === DEFAULT_HEADERS_MS) return [];
  return [
    `"timeouts.headers" of the route "${nameOfRoute(route)}" is never reached: "total" ends all attempts after ${total / 1000} seconds`,
  ];
}

function opened(route: NamedRoute): readonly string[] {
  if (!route.shadow?.includes('authenticate')) return [];
  return [`the route "${nameOfRoute(route)}" only tries "authenticate" out ("shadow"): it lets everybody in`];
}

function failing(route: NamedRoute): readonly string[] {
  return route.fault === undefined ? [] : [`the route "${nameOfRoute(route)}" fails on purpose ("fault")`];
}

function socketless(route: NamedRoute): readonly string[] {
  if (route.mcp !== undefined && (route.websocket ?? false) !== false)
    return [
      `the route "${nameOfRoute(route)}" refuses every WebSocket, since "mcp" can't look into one: leave "websocket" out`,
    ];
  if (route.graphql?.subscriptions !== 'refused' || (route.websocket ?? false) === false) return [];
  const name = nameOfRoute(route);
  return [
    `the route "${name}" refuses every WebSocket, since "graphql" can't look into one: leave "websocket" out, or let all of them pass with "subscriptions": "unguarded"`,
  ];
}
