import { join, resolve } from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import type { ReadFile } from '../config/read-files.ts';
import { findNearest } from '../nearest-word.ts';
import type { Load } from '../server/assemble.ts';
import type { GatewayOptions, RoutesFile } from './public.ts';
import { ROUTES_NAME, renderRoutes, withoutLines } from './routes-text.ts';

/** Where the routes come from: an object that was handed over, which another one may replace, or a file. */
export interface GivenRoutes {
  /** In full; of an object the file in whose place it stands. */
  readonly file: string;
  readonly isFile: boolean;
  readonly load: Load;
  /** The routes as a text, whose object may change meanwhile. Throws a ConfigError on what is no JSON. */
  render(routes: RoutesFile): string;
  /** Takes other routes, and returns what puts the ones before back. */
  replace(text: string): () => void;
}

export function createGivenRoutes(options: GatewayOptions, env: GatewayOptions['env']): GivenRoutes {
  const { routes, routesFile, folder = '.' } = options;
  if ((routes === undefined) === (routesFile === undefined)) {
    throw optionsFault('', 'expected either "routes" or "routesFile"');
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
    render(next) {
      if (text === undefined) throw new TypeError('the routes of this gateway come from a file: edit that');
      return renderRoutes(next);
    },
    replace(next) {
      const before = text;
      text = next;
      return () => {
        text = before;
      };
    },
  };
}

const OPTIONS: Readonly<Record<keyof GatewayOptions, true>> = {
  routes: true,
  routesFile: true,
  folder: true,
  watch: true,
  settings: true,
  env: true,
  logger: true,
  fallthrough: true,
};

/** Whoever writes JavaScript is told of a name that nobody reads. */
export function checkOptions(options: unknown): asserts options is GatewayOptions {
  if (typeof options !== 'object' || options === null)
    throw optionsFault('', 'expected an object, with "routes" or "routesFile"');
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown === undefined) return;
  const nearest = findNearest(unknown, Object.keys(OPTIONS));
  throw optionsFault(
    unknown,
    'there is no such option',
    nearest === undefined ? undefined : `Did you mean "${nearest}"?`,
  );
}

function optionsFault(path: string, message: string, hint?: string): ConfigError {
  return new ConfigError([{ file: 'options', line: 0, column: 0, path, message, ...(hint !== undefined && { hint }) }]);
}
