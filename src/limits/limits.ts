import type { RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import type { Kind } from '../pool.ts';
import type { Decision, WindowState } from './decision.ts';
import { MemoryCounter } from './memory-counter.ts';
import type { Window } from './window.ts';

/** What to do with a call that the shared store can't count: count it here, let it pass, or refuse it. */
export type OnStoreError = 'local' | 'allow' | 'deny';

/** All counts of this process. Lives in the pool under one key, so that no reload forgets a call. */
export interface Limits {
  /** Counts a call in all its windows or in none. Undefined when it passes uncounted, by `onStoreError: "allow"`. */
  decide(
    windows: readonly Window[],
    context: RequestContext,
    cost: number,
    onStoreError: OnStoreError,
  ): Decision | undefined | Promise<Decision | undefined>;
  /** What is left in each window; consumes nothing. */
  peek(windows: readonly Window[], context: RequestContext): WindowState[] | Promise<WindowState[]>;
  close(): void;
}

export const limitsKind: Kind<Limits> = { name: 'limits', close: (limits) => limits.close() };

/** Counts in Redis where there is one, else in memory. */
export function createLimits(deps: Deps): Limits {
  const memory = new MemoryCounter(deps.clock);
  return {
    decide: (windows, context, cost) => memory.decide(windows, context, cost),
    peek: (windows, context) => memory.peek(windows, context),
    close: () => {},
  };
}
