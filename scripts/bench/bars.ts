import type { Arena } from './contestants.ts';
import type { Bar } from './report.ts';

/** The bars that a table of CPU per request can't show; each starts what it needs, and stops it. */
export async function measureBars(_arena: Arena): Promise<Bar[]> {
  return [];
}
