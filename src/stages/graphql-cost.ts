import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { type Bans, bansFileKeys, createBans } from '../limits/bans.ts';
import { createCost } from '../limits/cost.ts';
import { createLimits } from '../limits/create-limits.ts';
import { createLimiter } from '../limits/limiter.ts';
import { type Limits, limitsKind } from '../limits/limits.ts';
import { type LimitsFile, RouteWindows } from '../limits/route-windows.ts';
import { limitsFileKeys, limitsRouteKeys } from '../limits/schema.ts';
import { createSettle } from '../limits/settle.ts';
import { largestCost } from '../limits/window.ts';
import { defineStage } from '../stage.ts';
import { graphqlKeys } from '../validate/graphql/options.ts';

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

/**
 * Charges a query of GraphQL for what it costs beyond the call that `rateLimit` has counted, in all windows that have
 * counted it or in none: 429 `rate_limited` where that does not fit any more.
 */
export const graphqlCostStage = defineStage({
  name: 'graphqlCost',
  reads: { ...graphqlKeys, ...limitsRouteKeys },
  fileReads: { ...limitsFileKeys, ...bansFileKeys },
  shadow: { needs: [] },

  check(_file, routes, report) {
    routes.forEach(({ graphql, shadow = [] }, index) => {
      const isCharged = graphql !== undefined && graphql.chargeCost !== false;
      const at = ['routes', index, 'shadow'];
      const [own, whole] = [shadow.includes('graphqlCost'), shadow.includes('rateLimit')];
      if (own && !isCharged) {
        const message = 'the route has no "graphql.chargeCost", so there is nothing for "graphqlCost" to report';
        report(at, message, 'leave "graphqlCost" out');
      } else if (isCharged && own !== whole) {
        const message = '"graphqlCost" charges the limits of "rateLimit": both are tried out, or none';
        report(at, message, own ? 'add "rateLimit"' : 'add "graphqlCost"');
      }
    });
  },

  prepare(file, deps): Shared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file, deps) };
  },

  create(options, route, deps, { file, limits, bans }) {
    const { graphql, rateLimits = [], cost = 1, onStoreError = 'local' } = options;
    if (graphql === undefined || graphql.chargeCost === false) return undefined;
    const unit = graphql.chargeCost === true ? 1 : graphql.chargeCost;
    const isShadowed = route.isShadowed === true;
    const windows = new RouteWindows(file, rateLimits, route.name, deps.hidden.hide);
    const usage = limits.usageOf(route.name);
    const countedOf = createCost(cost);
    const costOf = ({ queryCost = 0 }: RequestContext): number => Math.ceil(queryCost / unit);
    const restOf = (context: RequestContext): number => costOf(context) - countedOf(context);
    const told = { stage: 'graphqlCost', onStoreError, usage, bans, isShadowed, isRest: true } as const;
    const settle = createSettle({ ...told, cost: restOf }, route, deps);

    const limiter = createLimiter((context) => {
      const list = windows.wholeOf(context);
      const decided = limits.decide(list.windows, context, restOf(context), onStoreError === 'local');
      return decided instanceof Promise
        ? decided.then((decision) => settle(context, decision, list))
        : settle(context, decided, list);
    });

    return function graphqlCost(req, res, next) {
      const context = contextOf(req);
      const rest = restOf(context);
      if (rest <= 0) return next();
      const { windows: all } = windows.wholeOf(context);
      const small = all.find((window) => largestCost(window) < costOf(context));
      if (small !== undefined) {
        const most = largestCost(small);
        next(
          new GatewayError(
            'query_refused',
            `It costs ${costOf(context)} calls: "${small.name}" never takes more than ${most}.`,
          ),
        );
      } else if (all.length > 0) void limiter(req, res, next);
      else {
        if (!context.dryRun) usage?.addCost(context, rest);
        next();
      }
    };
  },
});
