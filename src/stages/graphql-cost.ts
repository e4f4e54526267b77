import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { bansFileKeys, createBans } from '../limits/bans.ts';
import { type ChargeShared, createRestCharge } from '../limits/charge-rest.ts';
import { createLimits } from '../limits/create-limits.ts';
import { limitsKind } from '../limits/limits.ts';
import { limitsFileKeys, limitsRouteKeys } from '../limits/schema.ts';
import { defineStage } from '../stage.ts';
import { graphqlKeys } from '../validate/graphql/options.ts';

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

  prepare(file, deps): ChargeShared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file, deps) };
  },

  create({ graphql, rateLimits, cost, onStoreError }, route, deps, shared) {
    if (graphql === undefined || graphql.chargeCost === false) return undefined;
    const unit = graphql.chargeCost === true ? 1 : graphql.chargeCost;
    const options = { stage: 'graphqlCost', rateLimits, cost, onStoreError } as const;
    const costOf = ({ queryCost = 0 }: RequestContext): number => Math.ceil(queryCost / unit);
    const tooDear = (calls: number, window: string, most: number): GatewayError =>
      new GatewayError('query_refused', `It costs ${calls} calls: "${window}" never takes more than ${most}.`);
    const charge = createRestCharge({ ...options, costOf, tooDear }, route, deps, shared);

    return function graphqlCost(req, res, next) {
      charge(req, res, next);
    };
  },
});
