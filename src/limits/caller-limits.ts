import type { RequestContext } from '../context.ts';
import type { Hide } from '../lib/hidden-values.ts';
import type { WindowState } from './decision.ts';
import type { Limits } from './limits.ts';
import { type LimitsFile, RouteWindows } from './route-windows.ts';

/** What a caller may still do: the plan that counts, and what is left in the gateway's limits and the plan's. */
export interface CallerLimits {
  readonly plan: string | undefined;
  readonly limits: readonly WindowState[];
}

/** Makes what tells a caller its limits, from a look that counts nothing. A route's own limits are not among them. */
export function createCallerLimits(
  file: LimitsFile,
  limits: Limits,
  hide?: Hide,
): (context: RequestContext) => Promise<CallerLimits> {
  const plans = new Set(Object.keys(file.plans ?? {}));
  const windows = new RouteWindows(file, [], '', hide);
  const tokens = new RouteWindows(file, [], '', hide, 'tokens');
  return async (context) => {
    const named = context.plan ?? context.consumer?.plan;
    const plan = named !== undefined && plans.has(named) ? named : file.defaultPlan;
    const all = [...windows.atDoor.windows, ...windows.of(context).windows, ...tokens.of(context).windows];
    const list = all.filter((window) => window.scope === 'gateway');
    return { plan, limits: list.length === 0 ? [] : await limits.peek(list, context) };
  };
}
