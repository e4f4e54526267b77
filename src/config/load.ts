import type { Steps } from '../lib/steps.ts';
import { STAGES } from '../stages.ts';
import { type LoadedRoutes, type LoadOptions, loadInSteps, loadRoutesWith } from './load-with.ts';
import type { FileConfig } from './routes.ts';

/**
 * Reads, merges and checks the routes file and routes.d. Throws a ConfigError that lists every fault at once.
 *
 * This is where the pipeline is chosen; everything behind takes the list that it is given.
 */
export function loadRoutes(file: string, options: LoadOptions = {}): LoadedRoutes<FileConfig> {
  return loadRoutesWith(STAGES, file, options);
}

/** The same step by step, for a gateway that has requests to serve meanwhile; own stages can be loaded in no other way. */
export function loadRoutesInSteps(file: string, options: LoadOptions = {}): Steps<LoadedRoutes<FileConfig>> {
  return loadInSteps(STAGES, file, options);
}
