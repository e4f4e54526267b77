import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { type Bans, bansFileKeys, createBans } from '../limits/bans.ts';
import { checkLimits } from '../limits/check.ts';
import type { Decision } from '../limits/decision.ts';
import { createLimiter } from '../limits/limiter.ts';
import { createLimits, type Limits, limitsKind } from '../limits/limits.ts';
import { type LimitsFile, RouteWindows } from '../limits/route-windows.ts';
import { limitsFileKeys, rateLimitSchema } from '../limits/schema.ts';
import type { RouteUsage } from '../limits/usage.ts';
import { defineStage, type RouteInfo, type StageDeps } from '../stage.ts';

const keys = {
  rateLimits: z
    .array(rateLimitSchema)
    .max(16)
    .optional()
    .describe('How often this route may be called; all windows are decided together.'),
  cost: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('What one call of this route counts in every window. Default 1.'),
  onStoreError: z
    .enum(['local', 'allow', 'deny'])
    .optional()
    .describe(
      'While Redis does not answer: count in this process (local, the default), let calls pass, or refuse them with 503.',
    ),
};

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

/** Refuses callers who come too often: 429 `rate_limited` or `quota_exceeded`; 503 `limits_unavailable` where a route asks for it. */
export const rateLimitStage = defineStage({
  name: 'rateLimit',
  keys,
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
    const windows = new RouteWindows(file, rateLimits, route.name);
    if (windows.isEmpty) return undefined;
    const usage = limits.usageOf(route.name);
    const settle = createSettle({ windows, cost, onStoreError, usage, bans, isShadowed }, route, deps);

    const limiter = createLimiter((context) => {
      const decided = limits.decide(windows.of(context).windows, context, cost, onStoreError === 'local');
      return decided instanceof Promise
        ? decided.then((decision) => settle(context, decision))
        : settle(context, decided);
    });

    return function rateLimit(req, res, next) {
      if (windows.of(contextOf(req)).windows.length === 0) next();
      else void limiter(req, res, next);
    };
  },
});

interface SettleOptions {
  readonly windows: RouteWindows;
  readonly cost: number;
  readonly onStoreError: 'local' | 'allow' | 'deny';
  readonly usage: RouteUsage | undefined;
  readonly bans: Bans | undefined;
  readonly isShadowed: boolean;
}

/** Writes a decision down: in the context for the log and the answer, in metrics, usage and trace. */
function createSettle(
  { windows, cost, onStoreError, usage, bans, isShadowed }: SettleOptions,
  route: RouteInfo,
  { clock, metrics }: StageDeps,
) {
  const counterOf = (decision: string) => metrics.limiterDecisions.labels(route.name, decision);
  const allowed = counterOf('allowed');
  const refused = counterOf('refused');
  const failed = counterOf(onStoreError === 'deny' ? 'failed-closed' : 'failed-open');

  function settleUncounted(context: RequestContext): undefined {
    if (!context.dryRun) failed.inc();
    context.trace?.push({ stage: 'rateLimit', decision: `not counted, ${onStoreError}: Redis does not answer` });
    if (onStoreError === 'deny') throw new GatewayError('limits_unavailable', undefined, { retryAfterSeconds: 1 });
  }

  function count(context: RequestContext, decision: Decision): void {
    const passes = decision.allowed || isShadowed;
    (passes ? allowed : refused).inc();
    usage?.count(context, cost, passes);
    if (!passes) bans?.countRefusal(context, decision);
  }

  return (context: RequestContext, decision: Decision | undefined): Decision | undefined => {
    if (decision === undefined) return settleUncounted(context);
    context.limit = decision;
    if (!isShadowed) windows.of(context).headers.add(context, decision, clock.now());
    if (!context.dryRun) count(context, decision);
    context.trace?.push({ stage: 'rateLimit', decision: `${decision.policy} ${decision.remaining}/${decision.limit}` });
    return decision;
  };
}
