import { contextOf } from '../context.ts';
import { type Bans, bansFileKeys, createBans } from '../limits/bans.ts';
import { checkLimits } from '../limits/check.ts';
import { createCost } from '../limits/cost.ts';
import { createLimits } from '../limits/create-limits.ts';
import { createLimiter } from '../limits/limiter.ts';
import { type Limits, limitsKind } from '../limits/limits.ts';
import { type LimitsFile, RouteWindows } from '../limits/route-windows.ts';
import { limitsFileKeys, limitsRouteKeys } from '../limits/schema.ts';
import { createSettle } from '../limits/settle.ts';
import { defineStage } from '../stage.ts';

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

/** Refuses callers who come too often: 429 `rate_limited` or `quota_exceeded`; 503 `limits_unavailable` where a route asks for it. */
export const rateLimitStage = defineStage({
  name: 'rateLimit',
  keys: limitsRouteKeys,
  fileKeys: limitsFileKeys,
  fileReads: bansFileKeys,
  shadow: { needs: [] },
  check: (file, routes, report) => checkLimits(file, routes, report),

  prepare(file, deps): Shared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file, deps) };
  },

  create(options, route, deps, { file, limits, bans }) {
    if (!route.matched) return undefined;
    const { rateLimits = [], cost = 1, onStoreError = 'local' } = options;
    // What is only tried out tells the client nothing, and bans nobody.
    const isShadowed = route.isShadowed === true;
    const windows = new RouteWindows(file, rateLimits, route.name, deps.hidden.hide);
    // With Redis every call is in the usage report, whether a limit holds for it or not.
    const usage = limits.usageOf(route.name);
    if (windows.isEmpty && usage === undefined) return undefined;
    const costOf = createCost(cost);
    const settle = createSettle(
      { stage: 'rateLimit', cost: costOf, onStoreError, usage, bans, isShadowed },
      route,
      deps,
    );

    const limiter = createLimiter((context) => {
      const list = windows.of(context);
      const decided = limits.decide(list.windows, context, costOf(context), onStoreError === 'local');
      return decided instanceof Promise
        ? decided.then((decision) => settle(context, decision, list))
        : settle(context, decided, list);
    });

    return function rateLimit(req, res, next) {
      const context = contextOf(req);
      if (windows.of(context).windows.length > 0) {
        void limiter(req, res, next);
        return;
      }
      if (!context.dryRun) usage?.count(context, costOf(context), true);
      next();
    };
  },
});
