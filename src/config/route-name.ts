import type { MatchOptions } from '../routing/keys.ts';

/**
 * What a route is called in logs, metrics and limits: its `name`, or else all of its conditions, which no other route
 * has. `GET,POST api.example.com /api/users x-beta=1` for one.
 */
export function nameOfRoute(route: MatchOptions & { readonly name?: string | undefined }): string {
  if (route.name !== undefined) return route.name;
  const { methods = [], hosts = [], prefix, exact, pathRegex, headers = {} } = route;
  const conditions = Object.entries(headers).map(([name, value]) => (value === true ? name : `${name}=${value}`));
  const parts = [methods.join(','), hosts.join(','), prefix.join(','), exact ? '(exact)' : '', ...conditions];
  if (pathRegex !== undefined) parts.push(`~${pathRegex}`);
  return parts.filter((part) => part !== '').join(' ');
}
