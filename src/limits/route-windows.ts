import type { RequestContext } from '../context.ts';
import { LimitHeaders } from './headers.ts';
import type { PlanOptions, RateLimitOptions } from './schema.ts';
import { compilePlan, compileWindow, mergeWindows, type Window } from './window.ts';

/** The part of the file that says how often: limits of the whole gateway, and plans. */
export interface LimitsFile {
  readonly rateLimits?: readonly RateLimitOptions[] | undefined;
  readonly plans?: Readonly<Record<string, PlanOptions>> | undefined;
  readonly defaultPlan?: string | undefined;
}

/** All windows that a call with a certain plan meets on a certain route. */
export interface WindowList {
  readonly windows: readonly Window[];
  readonly headers: LimitHeaders;
}

/** The windows of one route, for every plan a caller may have. */
export class RouteWindows {
  readonly #byPlan = new Map<string, WindowList>();
  readonly #others: WindowList;

  constructor(file: LimitsFile, routeLimits: readonly RateLimitOptions[], routeName: string) {
    const common = [
      ...(file.rateLimits ?? []).map((options) =>
        compileWindow(options, { kind: 'gateway', name: 'gateway' }, routeName),
      ),
      ...routeLimits.map((options) => compileWindow(options, { kind: 'route', name: routeName }, routeName)),
    ];
    for (const [name, plan] of Object.entries(file.plans ?? {})) {
      this.#byPlan.set(name, createList(mergeWindows(common, compilePlan(name, plan, routeName))));
    }
    this.#others = this.#byPlan.get(file.defaultPlan ?? '') ?? createList(mergeWindows(common));
  }

  /** True when no caller is ever limited here. */
  get isEmpty(): boolean {
    return this.lists.every((list) => list.windows.length === 0);
  }

  get lists(): readonly WindowList[] {
    return [...this.#byPlan.values(), this.#others];
  }

  /** The windows of a call. A plan that the file doesn't have counts as the default plan. */
  of(context: RequestContext): WindowList {
    const plan = context.plan ?? context.consumer?.plan;
    return (plan === undefined ? undefined : this.#byPlan.get(plan)) ?? this.#others;
  }
}

function createList(windows: readonly Window[]): WindowList {
  return { windows, headers: new LimitHeaders(windows) };
}
