import type { RequestContext } from '../context.ts';
import type { LimitState } from '../facts.ts';
import { quotaOf, secondsOf, type Window } from './window.ts';

/** What was decided about one call over all its windows, told by the window that decided. */
export interface Decision extends LimitState {
  readonly allowed: boolean;
  /** The window that refused for longest, or the one with the least left. */
  readonly window: Window;
}

/** What one window has left for a caller, without counting anything. */
export interface WindowState extends LimitState {
  readonly windowSeconds: number;
}

/** Counts calls; all windows of a call count it, or none does. */
export interface CallCounter {
  /**
   * `windows` is never empty. Takes effect at once in memory; in Redis in one round trip.
   * A dry run (`context.dryRun`) is decided the same way and counts nothing.
   */
  decide(windows: readonly Window[], context: RequestContext, cost: number): Decision | Promise<Decision>;
  /** What is left in each window; consumes nothing. */
  peek(windows: readonly Window[], context: RequestContext): WindowState[] | Promise<WindowState[]>;
}

export function createDecision(allowed: boolean, window: Window, remaining: number, resetMs: number): Decision {
  return {
    policy: window.name,
    limit: quotaOf(window),
    remaining,
    resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
    allowed,
    window,
  };
}

export function createWindowState(window: Window, remaining: number, resetMs: number, nowMs: number): WindowState {
  return {
    policy: window.name,
    limit: quotaOf(window),
    remaining,
    resetSeconds: Math.ceil(resetMs / 1000),
    windowSeconds: secondsOf(window, nowMs),
  };
}
