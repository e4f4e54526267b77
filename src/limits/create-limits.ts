import type { Deps } from '../deps.ts';
import type { Limits } from './limits.ts';
import { MemoryCounter } from './memory-counter.ts';
import { SharedLimits } from './shared-limits.ts';

/** Counts in Redis where there is one, else in memory. */
export function createLimits(deps: Deps): Limits {
  if (deps.redis !== undefined) return new SharedLimits(deps, deps.redis);
  const memory = new MemoryCounter(deps.clock);
  return {
    decide: (windows, context, cost) => memory.decide(windows, context, cost),
    reserve: (windows, context, wanted) => memory.reserve(windows, context, wanted),
    peek: (windows, context) => memory.peek(windows, context),
    forget: (window, subject) => memory.forget(window, subject),
    usageOf: () => undefined,
    close: () => {},
  };
}
