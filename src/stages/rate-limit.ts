import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { checkLimits } from '../limits/check.ts';
import type { Decision } from '../limits/decision.ts';
import { createLimiter } from '../limits/limiter.ts';
import { createLimits, type Limits, limitsKind } from '../limits/limits.ts';
import { type LimitsFile, RouteWindows } from '../limits/route-windows.ts';
import { planSchema, rateLimitSchema } from '../limits/schema.ts';
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

const fileKeys = {
  rateLimits: z
    .array(rateLimitSchema)
    .max(16)
    .optional()
    .describe('Limits of the whole gateway, decided together with those of the route.'),
  plans: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/), planSchema)
    .optional()
    .describe("A consumer's or a token's tier, by name."),
  defaultPlan: z.string().optional().describe('The plan of whoever names none, or one that is not here.'),
};

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
}

/** Refuses callers who come too often: 429 `rate_limited` or `quota_exceeded`; 503 `limits_unavailable` where a route asks for it. */
export const rateLimitStage = defineStage({
  name: 'rateLimit',
  keys,
  fileKeys,
  check: checkLimits,
  prepare: (file, deps): Shared => ({ file, limits: deps.lease.use(limitsKind, '', () => createLimits(deps)) }),

  create({ rateLimits = [], cost = 1, onStoreError = 'local' }, route, deps, { file, limits }) {
    if (!route.matched) return undefined;
    const windows = new RouteWindows(file, rateLimits, route.name);
    if (windows.isEmpty) return undefined;
    const settle = createSettle({ windows, cost, onStoreError, usage: limits.usageOf(route.name) }, route, deps);

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
}

/** Writes a decision down: in the context for the log and the answer, in metrics, usage and trace. */
function createSettle(
  { windows, cost, onStoreError, usage }: SettleOptions,
  route: RouteInfo,
  { clock, metrics }: StageDeps,
) {
  const count = (decision: string) => metrics.limiterDecisions.labels(route.name, decision);
  const allowed = count('allowed');
  const refused = count('refused');
  const failed = count(onStoreError === 'deny' ? 'failed-closed' : 'failed-open');

  function settleUncounted(context: RequestContext): undefined {
    if (!context.dryRun) failed.inc();
    context.trace?.push({ stage: 'rateLimit', decision: `not counted, ${onStoreError}: Redis does not answer` });
    if (onStoreError === 'deny') throw new GatewayError('limits_unavailable', undefined, { retryAfterSeconds: 1 });
  }

  return (context: RequestContext, decision: Decision | undefined): Decision | undefined => {
    if (decision === undefined) return settleUncounted(context);
    context.limit = decision;
    windows.of(context).headers.add(context, decision, clock.now());
    if (!context.dryRun) {
      (decision.allowed ? allowed : refused).inc();
      usage?.count(context, cost, decision.allowed);
    }
    context.trace?.push({ stage: 'rateLimit', decision: `${decision.policy} ${decision.remaining}/${decision.limit}` });
    return decision;
  };
}
