import { join, resolve } from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import type { ReadFile } from '../config/read-files.ts';
import type { Load } from '../server/assemble.ts';
import type { GatewayOptions, RoutesFile } from './public.ts';
import { ROUTES_NAME, renderRoutes, withoutLines } from './routes-text.ts';

/** Where the routes come from: an object that was handed over, which another one may replace, or a file. */
export interface GivenRoutes {
  /** In full; of an object the file in whose place it stands. */
  readonly file: string;
  readonly isFile: boolean;
  readonly load: Load;
  /** Takes other routes, and returns what puts the ones before back. Throws a ConfigError on what is no JSON. */
  replace(routes: RoutesFile): () => void;
}

export function createGivenRoutes(options: GatewayOptions, env: GatewayOptions['env']): GivenRoutes {
  const { routes, routesFile, folder = '.' } = options;
  if ((routes === undefined) === (routesFile === undefined)) {
    const message = 'expected either "routes" or "routesFile"';
    throw new ConfigError([{ file: 'options', line: 0, column: 0, path: '', message }]);
  }
  // The name is asked for by whoever keeps the file from being served.
  const file = routesFile === undefined ? join(resolve(folder), 'routes.json') : resolve(routesFile);
  let text = routesFile === undefined ? renderRoutes(routes) : undefined;
  const read = (): readonly ReadFile[] => {
    const source = { name: ROUTES_NAME, text: text ?? '', folder: resolve(folder) };
    return [{ path: join(source.folder, ROUTES_NAME), source, problem: undefined }];
  };

  return {
    file,
    isFile: text === undefined,
    *load(trial) {
      if (text === undefined) return yield* loadRoutesInSteps(file, { env: { ...env }, ...trial });
      try {
        return yield* loadRoutesInSteps(file, { env: { ...env }, read, ...trial });
      } catch (error) {
        throw error instanceof ConfigError ? new ConfigError(error.faults.map(withoutLines)) : error;
      }
    },
    replace(next) {
      if (text === undefined) throw new TypeError('the routes of this gateway come from a file: edit that');
      const before = text;
      text = renderRoutes(next);
      return () => {
        text = before;
      };
    },
  };
}
