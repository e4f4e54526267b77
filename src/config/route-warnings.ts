import type { MatchOptions } from '../routing/keys.ts';
import { nameOfRoute } from './route-name.ts';

type NamedRoute = MatchOptions & {
  readonly name?: string | undefined;
  readonly shadow?: readonly string[] | undefined;
};

/** What a person should know of routes that are right as they stand: those never reached, those open for a trial. */
export function warnOfRoutes(routes: readonly NamedRoute[]): readonly string[] {
  return [...routes.flatMap((route, index) => unreached(route, routes.slice(0, index))), ...routes.flatMap(opened)];
}

/** A route whose every method is taken by earlier ones, which match under the same conditions otherwise. */
function unreached(route: NamedRoute, earlier: readonly NamedRoute[]): readonly string[] {
  if (route.methods === undefined) return [];
  const left = new Set(route.prefix.flatMap((prefix) => methodsOf(route).map((method) => `${method} ${prefix}`)));
  const takers = earlier.filter((other) => {
    if (other.methods === undefined || !sameButForMethods(route, other)) return false;
    const before = left.size;
    for (const prefix of other.prefix) for (const method of methodsOf(other)) left.delete(`${method} ${prefix}`);
    return left.size < before;
  });
  if (left.size > 0) return [];
  const names = takers.map((taker) => `"${nameOfRoute(taker)}"`).join(', ');
  return [`the route "${nameOfRoute(route)}" is never reached: ${names} before it takes all of its methods`];
}

/** GET takes HEAD too. */
function methodsOf({ methods = [] }: NamedRoute): readonly string[] {
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

function sameButForMethods(a: NamedRoute, b: NamedRoute): boolean {
  return conditionsOf(a) === conditionsOf(b);
}

function conditionsOf({ exact, hosts = [], headers = {}, pathRegex }: NamedRoute): string {
  return JSON.stringify([exact, [...hosts].sort(), Object.entries(headers).sort(), pathRegex ?? null]);
}

function opened(route: NamedRoute): readonly string[] {
  if (!route.shadow?.includes('authenticate')) return [];
  return [`the route "${nameOfRoute(route)}" only tries "authenticate" out ("shadow"): it lets everybody in`];
}
