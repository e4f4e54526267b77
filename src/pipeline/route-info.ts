import { credentialsOf } from '../auth/auth-option.ts';
import { nameOfRoute } from '../config/route-name.ts';
import type { RouteConfig, StageList } from '../config/routes.ts';
import type { Hidden } from '../lib/hidden-values.ts';
import type { RouteInfo } from '../stage.ts';

/** What the chain that refuses is compiled for: what no route takes. */
export const IMPLICIT: RouteInfo = {
  name: '(none)',
  prefix: '/',
  matched: false,
  isProtected: false,
  credentialHeaders: [],
};

/** What stages are told of a route. `versioned`: those stages that are a module of the user's. */
export function routeInfo(
  route: RouteConfig,
  proofFields: readonly string[],
  versioned: StageList,
  { hide }: Hidden,
): RouteInfo {
  const credentials = credentialsOf(route.auth, route.forwardCredentials);
  const inPath = [...route.prefix, route.pathRegex, credentials.credentialParameter].join(' ');
  return {
    name: hide(nameOfRoute(route)),
    hasSecretPath: hide(inPath) !== inPath,
    prefix: route.prefix[0] ?? '/',
    matched: true,
    ...credentials,
    credentialHeaders: [...credentials.credentialHeaders, ...proofFields],
    hidesQuery: route.graphql !== undefined,
    ownVersions: versioned.filter(({ name }) => name in route).map(({ name, version }) => `${name} ${version}`),
  };
}
