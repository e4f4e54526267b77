import type { RequestContext } from '../context.ts';
import type { Hide } from '../lib/hidden-values.ts';
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

/**
 * The windows of one route, in two steps: those of the whole file that need no identity, which count every call, also
 * one that is refused for want of a credential; and all others, for every plan a caller may have.
 */
export class RouteWindows {
  /** Decided before anything is known of the caller. */
  readonly atDoor: WindowList;
  readonly #byPlan = new Map<string, WindowList>();
  readonly #others: WindowList;
  readonly #whole = new Map<WindowList, WindowList>();

  /** @param hide takes secrets out of names, which are displayed. */
  constructor(
    file: LimitsFile,
    routeLimits: readonly RateLimitOptions[],
    routeName: string,
    hide: Hide = (text) => text,
  ) {
    const ofFile = (options: RateLimitOptions) =>
      compileWindow(options, { kind: 'gateway', name: 'gateway' }, routeName);
    const fileLimits = shownLimits(file.rateLimits ?? [], hide);
    const atDoor = fileLimits.filter(needsNoIdentity).map(ofFile);
    const idsAtDoor = new Set(atDoor.map(({ id }) => id));
    const ofRoute = shownLimits(routeLimits, hide).map((options) =>
      compileWindow(options, { kind: 'route', name: routeName }, routeName),
    );
    // What a route says of the very same counter is decided with it: a call must not count there twice.
    this.atDoor = createList(
      mergeWindows(
        atDoor,
        ofRoute.filter(({ id }) => idsAtDoor.has(id)),
      ),
    );
    const common = [
      ...fileLimits.filter((options) => !needsNoIdentity(options)).map(ofFile),
      ...ofRoute.filter(({ id }) => !idsAtDoor.has(id)),
    ];
    const createLater = (windows: readonly Window[]) => createList(windows, this.atDoor.windows);
    for (const [name, plan] of Object.entries(file.plans ?? {})) {
      this.#byPlan.set(
        name,
        createLater(
          mergeWindows(
            common,
            compilePlan(name, { ...plan, rateLimits: shownLimits(plan.rateLimits ?? [], hide) }, routeName),
          ),
        ),
      );
    }
    this.#others = this.#byPlan.get(file.defaultPlan ?? '') ?? createLater(mergeWindows(common));
  }

  /** True when no caller is ever limited here once it is known who calls. */
  get isEmpty(): boolean {
    return [...this.#byPlan.values(), this.#others].every((list) => list.windows.length === 0);
  }

  /** All lists, that of the door included. */
  get lists(): readonly WindowList[] {
    return [this.atDoor, ...this.#byPlan.values(), this.#others];
  }

  /** The windows of a call behind the door. A plan that the file doesn't have counts as the default plan. */
  of(context: RequestContext): WindowList {
    const plan = context.plan ?? context.consumer?.plan;
    return (plan === undefined ? undefined : this.#byPlan.get(plan)) ?? this.#others;
  }

  /** All windows that have counted a call, those of the door included, for what counts more of it in all at once. */
  wholeOf(context: RequestContext): WindowList {
    const list = this.of(context);
    if (this.atDoor.windows.length === 0) return list;
    let whole = this.#whole.get(list);
    if (whole === undefined) {
      whole = createList([...this.atDoor.windows, ...list.windows]);
      this.#whole.set(list, whole);
    }
    return whole;
  }
}

function shownLimits(limits: readonly RateLimitOptions[], hide: Hide): RateLimitOptions[] {
  return limits.map((options) => (options.name === undefined ? options : { ...options, name: hide(options.name) }));
}

function needsNoIdentity({ by }: RateLimitOptions): boolean {
  return typeof by === 'string' && (by === 'address' || by.startsWith('header:'));
}

function createList(windows: readonly Window[], before: readonly Window[] = []): WindowList {
  return { windows, headers: new LimitHeaders(windows, before) };
}
