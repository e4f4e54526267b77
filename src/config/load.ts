import { STAGES } from '../stages.ts';
import { type LoadedRoutes, type LoadOptions, loadRoutesWith } from './load-with.ts';
import type { FileConfig } from './routes.ts';

/** Reads, merges and checks the routes file and routes.d. Throws a ConfigError that lists every fault at once. */
export function loadRoutes(file: string, options: LoadOptions = {}): LoadedRoutes<FileConfig> {
  return loadRoutesWith(STAGES, file, options);
}
