import type { MatchOptions } from '../routing/keys.ts';
import { nameOfRoute } from './route-name.ts';

type NamedRoute = MatchOptions & {
  readonly name?: string | undefined;
  readonly shadow?: readonly string[] | undefined;
  readonly fault?: unknown;
  readonly graphql?: { readonly subscriptions: string } | undefined;
  readonly websocket?: unknown;
};

/** What a person should know of routes that are right as they stand: those never reached, those on trial, and others. */
export function warnOfRoutes(routes: readonly NamedRoute[]): readonly string[] {
  return [
    ...findUnreached(routes),
    ...routes.flatMap(opened),
    ...routes.flatMap(failing),
    ...routes.flatMap(socketless),
  ];
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

function opened(route: NamedRoute): readonly string[] {
  if (!route.shadow?.includes('authenticate')) return [];
  return [`the route "${nameOfRoute(route)}" only tries "authenticate" out ("shadow"): it lets everybody in`];
}

function failing(route: NamedRoute): readonly string[] {
  return route.fault === undefined ? [] : [`the route "${nameOfRoute(route)}" fails on purpose ("fault")`];
}

function socketless(route: NamedRoute): readonly string[] {
  if (route.graphql?.subscriptions !== 'refused' || (route.websocket ?? false) === false) return [];
  const name = nameOfRoute(route);
  return [
    `the route "${name}" refuses every WebSocket, since "graphql" can't look into one: leave "websocket" out, or let all of them pass with "subscriptions": "unguarded"`,
  ];
}
