import type { RequestContext } from '../context.ts';
import type { Hide } from '../lib/hidden-values.ts';
import { LimitHeaders } from './headers.ts';
import type { PlanOptions, RateLimitOptions } from './schema.ts';
import { compilePlan, compileWindow, mergeWindows, type Unit, type Window } from './window.ts';

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

  /**
   * @param hide takes secrets out of names, which are displayed.
   * @param unit what the windows count: tokens are decided in a step of their own, once the request's body is known.
   */
  constructor(
    file: LimitsFile,
    routeLimits: readonly RateLimitOptions[],
    routeName: string,
    hide: Hide = (text) => text,
    unit: Unit = 'calls',
  ) {
    const shownLimits = (limits: readonly RateLimitOptions[]) =>
      limits.filter(({ cost = 'calls' }) => cost === unit).map((options) => shown(options, hide));
    const needsNoIdentity = (options: RateLimitOptions) => unit === 'calls' && isOfAddress(options);
    const ofFile = (options: RateLimitOptions) =>
      compileWindow(options, { kind: 'gateway', name: 'gateway' }, routeName);
    const fileLimits = shownLimits(file.rateLimits ?? []);
    const atDoor = fileLimits.filter(needsNoIdentity).map(ofFile);
    const idsAtDoor = new Set(atDoor.map(({ id }) => id));
    const ofRoute = shownLimits(routeLimits).map((options) =>
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
            compilePlan(
              name,
              { rateLimits: shownLimits(plan.rateLimits ?? []), quota: quotaIn(plan, unit) },
              routeName,
            ),
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

function shown(options: RateLimitOptions, hide: Hide): RateLimitOptions {
  return options.name === undefined ? options : { ...options, name: hide(options.name) };
}

function quotaIn({ quota }: PlanOptions, unit: Unit): PlanOptions['quota'] {
  return (quota?.cost ?? 'calls') === unit ? quota : undefined;
}

function isOfAddress({ by }: RateLimitOptions): boolean {
  return typeof by === 'string' && (by === 'address' || by.startsWith('header:'));
}

function createList(windows: readonly Window[], before: readonly Window[] = []): WindowList {
  return { windows, headers: new LimitHeaders(windows, before) };
}
