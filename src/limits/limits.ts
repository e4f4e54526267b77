import type { RequestContext } from '../context.ts';
import type { Kind } from '../pool.ts';
import type { Decision, WindowState } from './decision.ts';
import type { Reservation, Wanted } from './reservation.ts';
import type { RouteUsage } from './usage.ts';
import type { Window } from './window.ts';

/** All counts of this process. Lives in the pool under one key, so that no reload forgets a call. */
export interface Limits {
  /**
   * Counts a call in all its windows or in none. Undefined when the shared store can't count it and
   * `countLocally` is false.
   */
  decide(
    windows: readonly Window[],
    context: RequestContext,
    cost: number,
    countLocally: boolean,
  ): Decision | undefined | Promise<Decision | undefined>;
  /** Reserves what a call may use in all its windows or in none; undefined as above. Not in a dry run. */
  reserve(
    windows: readonly Window[],
    context: RequestContext,
    wanted: Wanted,
    countLocally: boolean,
  ): Reservation | undefined | Promise<Reservation | undefined>;
  /** What is left in each window; consumes nothing. */
  peek(windows: readonly Window[], context: RequestContext): WindowState[] | Promise<WindowState[]>;
  /** Forgets what a window has counted of one subject. */
  forget(window: Window, subject: string): void;
  /** Where the calls of a route are booked for the usage report; undefined without Redis. */
  usageOf(routeName: string): RouteUsage | undefined;
  close(): void;
}

export const limitsKind: Kind<Limits> = { name: 'limits', close: (limits) => limits.close() };
