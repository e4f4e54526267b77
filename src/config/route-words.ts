import { renderDuration } from '../limits/window.ts';
import type { RouteConfig } from './routes.ts';

/** Who may call a route, how often, and where it leads, in words for a list of routes. */
export interface RouteWords {
  readonly auth: string;
  /** `10/1m by consumer`, one for each of the route's own. */
  readonly limits: readonly string[];
  /** The service by its name, or the targets. */
  readonly leadsTo: string;
}

export function wordsOfRoute(route: RouteConfig): RouteWords {
  const { auth, rateLimits = [], service, target, targets } = route;
  const optional = auth.optional ? ' (optional)' : '';
  return {
    auth: auth.schemes.length === 0 ? auth.mode : `${auth.schemes.join(auth.mode === 'all' ? '+' : ', ')}${optional}`,
    limits: rateLimits.map(({ limit, window, by }) => `${String(limit)}/${renderDuration(window)} by ${String(by)}`),
    leadsTo: service ?? target ?? (targets === undefined ? 'the gateway' : `${targets.length} targets`),
  };
}
