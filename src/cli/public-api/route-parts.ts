import type { LoadedRoutes } from '../../config/load-with.ts';
import type { FileConfig, RouteConfig } from '../../config/routes.ts';
import { type Json, securityOf } from './gateway-parts.ts';
import type { RouteParts } from './operations.ts';

/** What the gateway itself does on a route, as far as a client sees it. */
export function partsOf(
  route: RouteConfig,
  { config: file, hidden: { hide } }: Pick<LoadedRoutes<FileConfig>, 'config' | 'hidden'>,
  schemes: Map<string, Json>,
): RouteParts {
  const isShown = (text: string): boolean => hide(text) === text;
  const hosts = route.hosts
    ?.filter((host) => !host.startsWith('*') && isShown(host))
    .map((host) => ({ url: `https://${host}` }));
  const isLimited = hasLimits(route, file);
  return {
    tag: route.name !== undefined && isShown(route.name) ? route.name : undefined,
    security: securityOf(route, schemes, hide),
    problems: problemsOf(route, isLimited),
    isLimited,
    isDeprecated: route.deprecation !== undefined,
    servers: hosts?.length === 0 ? undefined : hosts,
  };
}

function hasLimits({ auth, rateLimits = [] }: RouteConfig, file: FileConfig): boolean {
  if (rateLimits.length > 0 || (file.rateLimits ?? []).length > 0) return true;
  return auth.mode !== 'none' && Object.keys(file.plans ?? {}).length > 0;
}

/** The statuses of its own answers. Whoever guesses credentials is held up, wherever one is asked for. */
function problemsOf(route: RouteConfig, isLimited: boolean): string[] {
  const isGuarded = route.auth.mode !== 'none';
  const isChoosy = [route.authorize, route.ipAllow, route.ipDeny].some((rule) => rule !== undefined);
  const isForwarded = [route.respond, route.redirect, route.files].every((ending) => ending === undefined);
  return [
    '400',
    ...(isGuarded ? ['401'] : []),
    ...(isChoosy ? ['403'] : []),
    '413',
    ...(isLimited || isGuarded || route.concurrency !== undefined ? ['429'] : []),
    ...(isForwarded ? ['502', '503', '504'] : []),
  ];
}
