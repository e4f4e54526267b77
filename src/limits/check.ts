import { type LimitsFile, RouteWindows } from './route-windows.ts';
import type { RateLimitOptions } from './schema.ts';
import { compileWindow, largestCost } from './window.ts';

type Path = readonly (string | number)[];
type Report = (path: Path, message: string, hint?: string) => void;

/** The keys of a route that say how often. */
export interface RouteLimitOptions {
  readonly rateLimits?: readonly RateLimitOptions[] | undefined;
  readonly cost?: number | undefined;
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
  for (const [name, plan] of Object.entries(plans))
    checkList(['plans', name, 'rateLimits'], plan.rateLimits ?? [], report);
  routes.forEach((route, index) => {
    checkList(['routes', index, 'rateLimits'], route.rateLimits ?? [], report);
    checkCost(['routes', index, 'cost'], file, route, report);
  });
}

function checkList(path: Path, list: readonly RateLimitOptions[], report: Report): void {
  const seen = new Map<string, number>();
  list.forEach((options, index) => {
    const isBucket = options.algorithm === 'token-bucket';
    if (isBucket && options.burst === undefined) {
      report([...path, index], 'a token-bucket needs "burst"', 'how many calls may come early, 0 for none');
    }
    if (!isBucket && options.burst !== undefined) {
      report([...path, index, 'burst'], '"burst" belongs to a token-bucket', 'add "algorithm": "token-bucket"');
    }
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

function checkCost(
  path: Path,
  file: LimitsFile,
  { rateLimits = [], cost = 1 }: RouteLimitOptions,
  report: Report,
): void {
  if (cost === 1) return;
  const windows = new RouteWindows(file, rateLimits, '').lists.flatMap((list) => list.windows);
  const small = windows.find((window) => largestCost(window) < cost);
  if (small === undefined) return;
  report(
    path,
    `a call of cost ${cost} could never pass the limit "${small.name}"`,
    `it takes at most ${largestCost(small)}`,
  );
}
