import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { bansFileKeys, createBans } from '../limits/bans.ts';
import { type ChargeShared, createRestCharge } from '../limits/charge-rest.ts';
import { createCost } from '../limits/cost.ts';
import { createLimits } from '../limits/create-limits.ts';
import { limitsKind } from '../limits/limits.ts';
import { limitsFileKeys, limitsRouteKeys } from '../limits/schema.ts';
import { checkMcpShadow } from '../mcp/check.ts';
import { callsOf } from '../mcp/known-calls.ts';
import { mcpKeys } from '../mcp/options.ts';
import { createRuleLimits } from '../mcp/rule-limits.ts';
import { McpRules } from '../mcp/rules.ts';
import { defineStage } from '../stage.ts';

/**
 * Counts calls of tools in the limits of their own rules, and charges what they cost beyond the call that `rateLimit` has
 * counted, in all windows that have counted it or in none: 429 `rate_limited` where that does not fit any more.
 */
export const mcpLimitStage = defineStage({
  name: 'mcpLimit',
  reads: { ...mcpKeys, ...limitsRouteKeys },
  fileReads: { ...limitsFileKeys, ...bansFileKeys },
  shadow: { needs: [] },

  check(_file, routes, report) {
    routes.forEach((route, index) => {
      checkMcpShadow(route, ['routes', index, 'shadow'], report);
    });
  },

  prepare(file, deps): ChargeShared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file, deps) };
  },

  create({ mcp, rateLimits, cost, onStoreError = 'local' }, route, deps, shared) {
    if (mcp === undefined || !route.matched) return undefined;
    const rules = new McpRules(mcp, deps.hidden.hide);
    const limit = createRuleLimits(rules, onStoreError, route, deps, shared);
    if (limit === undefined && mcp.maxBatch === 1 && rules.all.every((rule) => rule.cost === undefined))
      return undefined;

    const countedOf = createCost(cost ?? 1);
    /** Each call of a batch counts: they would else be had for the price of one. */
    const costOf = (context: RequestContext): number => {
      const counted = countedOf(context);
      return (callsOf(context) ?? []).reduce((sum, call) => sum + (rules.costOf(call) ?? counted), 0);
    };
    const tooDear = (calls: number, window: string, most: number): GatewayError =>
      new GatewayError('rate_limited', `It costs ${calls} calls: "${window}" never takes more than ${most}.`);
    const options = { stage: 'mcpLimit', rateLimits, cost, onStoreError } as const;
    const charge = createRestCharge({ ...options, costOf, tooDear }, route, deps, shared);

    return function mcpLimit(req, res, next) {
      if (limit === undefined) charge(req, res, next);
      else limit(req, res, (error?: unknown) => (error === undefined ? charge(req, res, next) : next(error)));
    };
  },
});
