import { possibleSchemes } from '../auth/schemes.ts';
import { type FileConfig, parseBareRoute, type RouteConfig, type StageList } from '../config/routes.ts';
import type { RouteInfo } from '../stage.ts';

/** A route that the gateway answers itself, to callers who have proven who they are. */
export interface OwnRoute {
  readonly own: NonNullable<RouteInfo['own']>;
  readonly config: RouteConfig;
}

/** The gateway's own routes: `/-/me`, with every scheme that the file makes possible. */
export function createOwnRoutes(stages: StageList, config: FileConfig): readonly OwnRoute[] {
  const any = possibleSchemes(config);
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
