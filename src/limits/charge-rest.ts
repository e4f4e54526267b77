import type { RateLimitRequestHandler } from 'express-rate-limit';
import { contextOf, type RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import type { RouteInfo, StageDeps } from '../stage.ts';
import type { Bans } from './bans.ts';
import { createCost } from './cost.ts';
import { createLimiter } from './limiter.ts';
import type { Limits } from './limits.ts';
import { type LimitsFile, RouteWindows } from './route-windows.ts';
import type { CostOption, RateLimitOptions } from './schema.ts';
import { createSettle } from './settle.ts';
import { largestCost } from './window.ts';

/** What charges need of the file, prepared once a snapshot. */
export interface ChargeShared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

interface ChargeOptions {
  readonly stage: 'graphqlCost' | 'mcpLimit';
  readonly rateLimits?: readonly RateLimitOptions[] | undefined;
  /** Of the route: what `rateLimit` has counted. */
  readonly cost?: CostOption | undefined;
  readonly onStoreError?: 'local' | 'allow' | 'deny' | undefined;
  /** What a request costs in all. */
  costOf(context: RequestContext): number;
  /** Refuses what no window can ever take. */
  tooDear(cost: number, window: string, most: number): GatewayError;
}

export type ChargeHandler = (...given: Parameters<RateLimitRequestHandler>) => void;

/**
 * Charges what a request costs beyond the call that `rateLimit` has counted, in all windows that have counted it or in
 * none: 429 `rate_limited` where that does not fit any more.
 */
export function createRestCharge(
  { stage, rateLimits = [], cost = 1, onStoreError = 'local', costOf, tooDear }: ChargeOptions,
  route: RouteInfo,
  deps: StageDeps,
  { file, limits, bans }: ChargeShared,
): ChargeHandler {
  const isShadowed = route.isShadowed === true;
  const windows = new RouteWindows(file, rateLimits, route.name, deps.hidden.hide);
  const usage = limits.usageOf(route.name);
  const countedOf = createCost(cost);
  const restOf = (context: RequestContext): number => costOf(context) - countedOf(context);
  const told = { stage, onStoreError, usage, bans, isShadowed, isRest: true } as const;
  const settle = createSettle({ ...told, cost: restOf }, route, deps);

  const limiter = createLimiter((context) => {
    const list = windows.wholeOf(context);
    const decided = limits.decide(list.windows, context, restOf(context), onStoreError === 'local');
    return decided instanceof Promise
      ? decided.then((decision) => settle(context, decision, list))
      : settle(context, decided, list);
  });

  return (req, res, next) => {
    const context = contextOf(req);
    const rest = restOf(context);
    if (rest <= 0) return next();
    const { windows: all } = windows.wholeOf(context);
    const small = all.find((window) => largestCost(window) < costOf(context));
    if (small !== undefined) next(tooDear(costOf(context), small.name, largestCost(small)));
    else if (all.length > 0) void limiter(req, res, next);
    else {
      if (!context.dryRun) usage?.addCost(context, rest);
      next();
    }
  };
}
