import type { PlanOptions, RateLimitOptions } from '../limits/schema.ts';
import { renderDuration } from '../limits/window.ts';
import type { Remark } from './remark.ts';
import type { Subject } from './subject.ts';

/** Limits that can never be reached, since another one of the same counter is reached before. */

type At = readonly PropertyKey[];

const DAY_MS = 86_400_000;
/** A sliding window may hold a tenth more than its limit. */
const MOST_OF_A_WINDOW = 1.1;

/** What is compared: how much, in how long. */
interface Bound {
  readonly limit: number;
  readonly windowMs: number;
}

const boundOf = ({ limit, window: windowMs }: RateLimitOptions): Bound => ({ limit, windowMs });

/** The limits of each list, of plans beside those of the file, and of quotas beside their windows. */
export function findLimitsOutOfOrder({ routes, file: { rateLimits = [], plans = {} } }: Subject): readonly Remark[] {
  const ofPlans = Object.entries(plans).flatMap(([name, plan]) => [
    ...findWithin(plan.rateLimits ?? [], ['plans', name, 'rateLimits']),
    ...findAboveFile(name, plan, rateLimits),
    ...findQuota(name, plan),
  ]);
  return [
    ...findWithin(rateLimits, ['rateLimits']),
    ...ofPlans,
    ...routes.flatMap(({ route, index }) => findWithin(route.rateLimits ?? [], ['routes', index, 'rateLimits'])),
  ];
}

function findWithin(limits: readonly RateLimitOptions[], at: At): readonly Remark[] {
  return limits.flatMap((limit, index): Remark[] => {
    const before = limits.find((other) => other !== limit && isComparable(limit, other) && hides(other, limit));
    if (before === undefined) return [];
    const message = `${render(limit)} are never reached: ${render(before)} are before`;
    return [{ id: 'limit-never-reached', at: [...at, index], message }];
  });
}

function hides(one: RateLimitOptions, other: RateLimitOptions): boolean {
  const [first, second] = [boundOf(one), boundOf(other)];
  // Of two that are the same neither is in vain: that is told by other means, or meant.
  return !(first.limit === second.limit && first.windowMs === second.windowMs) && isReachedBefore(first, second);
}

function findAboveFile(
  name: string,
  { rateLimits = [] }: PlanOptions,
  ofFile: readonly RateLimitOptions[],
): readonly Remark[] {
  return rateLimits.flatMap((limit, index): Remark[] => {
    // A route may count alone; the file counts all routes together.
    const above = ofFile.find(
      (other) => isComparable(limit, other, false) && isReachedBefore(boundOf(other), boundOf(limit)),
    );
    if (above === undefined || above.scope === 'route') return [];
    if (above.limit === limit.limit && above.window === limit.window) return [];
    const message = `${render(limit)} of plan "${name}" are never reached: the whole file allows ${render(above)}`;
    return [{ id: 'plan-above-gateway', at: ['plans', name, 'rateLimits', index], message }];
  });
}

function findQuota(name: string, { rateLimits = [], quota }: PlanOptions): readonly Remark[] {
  if (quota === undefined) return [];
  const whole: Bound = { limit: quota.limit, windowMs: quota.period === 'day' ? DAY_MS : 31 * DAY_MS };
  const said = `${quota.limit} ${quota.cost ?? 'calls'} a ${quota.period}`;
  const id = 'limit-never-reached';
  return rateLimits.flatMap((limit, index): Remark[] => {
    if (limit.by !== 'consumer' || limit.cost !== quota.cost || limit.algorithm === 'token-bucket') return [];
    if (limit.window < whole.windowMs && quota.limit <= limit.limit) {
      const message = `${render(limit)} of plan "${name}" are never reached: the quota of ${said} is used up before`;
      return [{ id, at: ['plans', name, 'rateLimits', index], message }];
    }
    if (!isReachedBefore(boundOf(limit), whole)) return [];
    const message = `the quota of plan "${name}" (${said}) is never used up: ${render(limit)} are reached before`;
    return [{ id, at: ['plans', name, 'quota', 'limit'], message }];
  });
}

/** Whether both count the same calls of the same callers. */
function isComparable(one: RateLimitOptions, other: RateLimitOptions, withScope = true): boolean {
  if (one.algorithm === 'token-bucket' || other.algorithm === 'token-bucket') return false;
  const isSameScope = !withScope || one.scope === other.scope;
  return isSameScope && one.cost === other.cost && String(byOf(one)) === String(byOf(other));
}

function byOf({ by }: RateLimitOptions): string {
  return typeof by === 'string' ? by : by.text;
}

/**
 * Whether a caller meets the first bound always before the second. A longer window that allows no more hides a shorter
 * one; a shorter one hides a longer one where even as many of it as touch the longer one allow less.
 */
function isReachedBefore(first: Bound, second: Bound): boolean {
  if (first.windowMs >= second.windowMs) return first.limit <= second.limit;
  return first.limit * MOST_OF_A_WINDOW * (Math.ceil(second.windowMs / first.windowMs) + 1) < second.limit;
}

function render({ limit, window, cost }: RateLimitOptions): string {
  return `${limit} ${cost ?? 'calls'} in ${renderDuration(window)}`;
}
