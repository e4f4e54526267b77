import { loadRoutesInSteps } from '../config/load.ts';
import { inSlices } from '../lib/steps.ts';
import type { CliIo } from './io.ts';
import { withProgress } from './progress.ts';

type Loaded = ReturnType<typeof loadRoutesInSteps> extends Generator<unknown, infer T> ? T : never;

/** Reads a routes file, and says so where that takes its time; rejects with a ConfigError. */
export function readRoutes(file: string, io: CliIo): Promise<Loaded> {
  return withProgress(io, `reading ${file}`, inSlices(loadRoutesInSteps(file, { env: io.env })));
}
