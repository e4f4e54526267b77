import { hasMetadata, ownSchemes } from '../auth/auth-option.ts';
import { metadataPrefix } from '../auth/resource-metadata.ts';
import { type FileConfig, parseBareRoute, type RouteConfig, type StageList } from '../config/routes.ts';
import type { RouteInfo } from '../stage.ts';
import { callerField } from '../upstream/credentials/options.ts';
import { JWKS_PATH } from '../upstream/credentials/token-keys.ts';

/** A route that the gateway answers itself. */
export interface OwnRoute {
  readonly own: NonNullable<RouteInfo['own']>;
  readonly config: RouteConfig;
}

/**
 * The gateway's own routes: `/-/me`, with every scheme that the file makes possible, the public metadata of the routes
 * that publish theirs, and the keys of the tokens that services are sent.
 */
export function createOwnRoutes(stages: StageList, config: FileConfig): readonly OwnRoute[] {
  const any = ownSchemes(
    config,
    config.routes.map(({ auth }) => auth),
  );
  return [
    {
      own: 'me',
      config: parseBareRoute(stages, {
        name: 'turnpike-me',
        prefix: '/-/me',
        exact: true,
        methods: ['GET'],
        auth: { any },
      }),
    },
    ...createMetadataRoutes(stages, config.routes),
    ...createKeysRoute(stages, config),
  ];
}

/** The keys of the tokens that services are sent, where any is sent one. */
function createKeysRoute(stages: StageList, { services, routes }: FileConfig): readonly OwnRoute[] {
  if ([...Object.values(services), ...routes].every(({ serviceAuth }) => callerField(serviceAuth) === undefined))
    return [];
  const keys = { name: 'turnpike-jwks', prefix: JWKS_PATH, exact: true, methods: ['GET'], auth: 'none' };
  return [{ own: 'jwks', config: parseBareRoute(stages, keys) }];
}

/** One for all that have the same hosts and take the same issuers: each costs a chain. */
function createMetadataRoutes(stages: StageList, routes: readonly RouteConfig[]): readonly OwnRoute[] {
  const groups = new Map<string, RouteConfig[]>();
  for (const route of routes.filter(hasMetadata)) {
    const key = JSON.stringify([route.hosts, route.issuers]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [route]);
    else group.push(route);
  }
  return [...groups.values()].map((group) => {
    const { hosts, issuers } = group[0] as RouteConfig;
    const bare = parseBareRoute(stages, {
      name: 'turnpike-resource',
      prefix: [...new Set(group.flatMap(({ prefix }) => prefix.map(metadataPrefix)))],
      exact: true,
      methods: ['GET'],
      auth: 'none',
      hosts,
      issuers,
    });
    return { own: 'resource', config: bare };
  });
}
