import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isBelow } from './file-path.ts';

/** Where the configuration of the gateway really lies, which nobody is to read. */
export interface OwnFiles {
  /** Whatever holds one of these, or is below one of `fragments`, is no folder to be served. */
  readonly files: readonly string[];
  readonly fragments: readonly string[];
}

/**
 * Finds routes.json, routes.d and .env, each both where it is asked for and where links lead from there: whoever serves
 * the folder that `ROUTES_FILE` is a link to serves routes.json.
 */
export function findOwnFiles(routesFile: string): OwnFiles {
  const named = join(dirname(routesFile), 'routes.d');
  const folders = [realOf(dirname(routesFile)), realOf(dirname(realOf(routesFile)))];
  const written = [routesFile, ...listNames(named).map((name) => join(named, name))];
  const settings = existsSync('.env') ? [resolve('.env'), realOf('.env')] : [];
  return {
    files: [...folders.map((folder) => join(folder, 'routes.json')), ...written.map(realOf), ...settings],
    fragments: [...folders.map((folder) => join(folder, 'routes.d')), realOf(named)],
  };
}

/** True where a folder, by its real path, holds what is configured, or belongs to it. */
export function holdsOwnFiles(folder: string, { files, fragments }: OwnFiles): boolean {
  return files.some((file) => isBelow(folder, file)) || fragments.some((fragment) => isBelow(fragment, folder));
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The path itself for what is not there. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
