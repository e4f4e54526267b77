import { isDeepStrictEqual } from 'node:util';
import { isReserved } from '../lib/header-filter.ts';
import { type LimitsFile, RouteWindows } from './route-windows.ts';
import type { CostOption, QuotaOptions, RateLimitOptions } from './schema.ts';
import { compileWindow, largestCost, renderDuration, type Window } from './window.ts';

type Path = readonly (string | number)[];
type Report = (path: Path, message: string, hint?: string) => void;

/** The keys of a route that say how often. */
export interface RouteLimitOptions {
  readonly rateLimits?: readonly RateLimitOptions[] | undefined;
  readonly cost?: CostOption | undefined;
}

/** Reports what a schema can't see: a default plan that isn't there, limits that shadow each other or let nobody through. */
export function checkLimits(file: LimitsFile, routes: readonly RouteLimitOptions[], report: Report): void {
  const plans = file.plans ?? {};
  if (file.defaultPlan !== undefined && !Object.hasOwn(plans, file.defaultPlan)) {
    const names = Object.keys(plans);
    const hint = names.length === 0 ? 'add it under "plans"' : `there are: ${names.join(', ')}`;
    report(['defaultPlan'], `there is no plan "${file.defaultPlan}"`, hint);
  }
  checkList(['rateLimits'], file.rateLimits ?? [], report);
  for (const [name, plan] of Object.entries(plans)) {
    const path = ['plans', name, 'rateLimits'];
    checkList(path, plan.rateLimits ?? [], report);
    if (plan.quota !== undefined) checkQuota(path, plan.rateLimits ?? [], plan.quota, report);
  }
  routes.forEach((route, index) => {
    checkList(['routes', index, 'rateLimits'], route.rateLimits ?? [], report);
    checkCost(['routes', index, 'cost'], file, route, report);
  });
}

const DAY_MS = 86_400_000;

/** Reports windows of one list that count the same, or that nobody can ever reach. */
export function checkList(path: Path, list: readonly RateLimitOptions[], report: Report): void {
  checkOrder(path, list, report);
  list.forEach(({ by }, index) => {
    if (typeof by === 'string' && isUnseen(by)) {
      const message = `the header "${by.slice(HEADER.length)}" never gets this far: it is dropped, or the gateway's own`;
      report([...path, index, 'by'], message, 'choose another name, or count by consumer, user or address');
    }
  });
  const seen = new Map<string, number>();
  list.forEach((options, index) => {
    const { id } = compileWindow(options, { kind: 'route', name: '' }, '');
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index);
    else
      report(
        [...path, index],
        `counts the same calls as entry ${first}`,
        'keep the lower of the two limits, or give one a name',
      );
  });
}

/** Reports limits that a longer window, of the same callers, never lets anybody reach. A bucket spreads calls anyway. */
function checkOrder(path: Path, list: readonly RateLimitOptions[], report: Report): void {
  list.forEach((shorter, index) => {
    if (shorter.algorithm === 'token-bucket') return;
    const other = list.findIndex(
      (longer) =>
        longer.window > shorter.window &&
        longer.limit < shorter.limit &&
        longer.cost === shorter.cost &&
        isDeepStrictEqual(longer.by, shorter.by) &&
        longer.scope === shorter.scope,
    );
    const longer = list[other];
    if (longer === undefined) return;
    const message = `can never be reached: entry ${other} allows only ${longer.limit} in ${renderDuration(longer.window)}`;
    const mend = `raise "limit" of entry ${other} above ${shorter.limit}, lower this one to ${longer.limit} at most, or take it out`;
    report([...path, index], message, mend);
  });
}

function checkQuota(path: Path, list: readonly RateLimitOptions[], quota: QuotaOptions, report: Report): void {
  const periodMs = quota.period === 'day' ? DAY_MS : 28 * DAY_MS;
  list.forEach(({ limit, window, by, algorithm, cost }, index) => {
    if (
      cost !== quota.cost ||
      by !== 'consumer' ||
      algorithm === 'token-bucket' ||
      window > periodMs ||
      limit <= quota.limit
    )
      return;
    const message = `can never be reached: the quota allows only ${quota.limit} a ${quota.period}`;
    report(
      [...path, index],
      message,
      `raise the quota above ${limit}, lower this "limit" to ${quota.limit} at most, or take it out`,
    );
  });
}

const HEADER = 'header:';

/** True for fields that end at the door, so that every caller would be counted by address instead. */
function isUnseen(by: string): boolean {
  if (!by.startsWith(HEADER)) return false;
  const name = by.slice(HEADER.length).toLowerCase();
  return name.includes('_') || (isReserved(name) && !name.startsWith('x-forwarded-'));
}

/** Here a route has no name that a limit of its own could be called by. */
const NO_NAME = '';

function nameOf({ name, limit, windowMs }: Window): string {
  const duration = renderDuration(windowMs);
  return name === `${NO_NAME}-${duration}` ? `of ${limit} in ${duration}` : `"${name}"`;
}

function checkCost(
  path: Path,
  file: LimitsFile,
  { rateLimits = [], cost = 1 }: RouteLimitOptions,
  report: Report,
): void {
  // What depends on the call is known with the call.
  if (cost === 1 || typeof cost !== 'number') return;
  const windows = new RouteWindows(file, rateLimits, NO_NAME).lists.flatMap((list) => list.windows);
  const small = windows.find((window) => largestCost(window) < cost);
  if (small === undefined) return;
  report(
    path,
    `a call of cost ${cost} could never pass the limit ${nameOf(small)}`,
    `it takes at most ${largestCost(small)}`,
  );
}
