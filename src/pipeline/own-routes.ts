import { ownSchemes } from '../auth/auth-option.ts';
import { type FileConfig, parseBareRoute, type RouteConfig, type StageList } from '../config/routes.ts';
import type { RouteInfo } from '../stage.ts';

/** A route that the gateway answers itself, to callers who have proven who they are. */
export interface OwnRoute {
  readonly own: NonNullable<RouteInfo['own']>;
  readonly config: RouteConfig;
}

/** The gateway's own routes: `/-/me`, with every scheme that the file makes possible. */
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
  ];
}
