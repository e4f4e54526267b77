import { z } from 'zod';
import { contextOf } from '../context.ts';
import { type Bans, type BansFile, createBans } from '../limits/bans.ts';
import { checkLimits } from '../limits/check.ts';
import { createLimiter } from '../limits/limiter.ts';
import { createLimits, type Limits, limitsKind } from '../limits/limits.ts';
import { type LimitsFile, RouteWindows } from '../limits/route-windows.ts';
import { planSchema, rateLimitSchema } from '../limits/schema.ts';
import { createSettle } from '../limits/settle.ts';
import { defineStage } from '../stage.ts';

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
    .describe(
      'Limits of the whole gateway: by address or header decided before authentication, also for calls that end 401, 403 or 404; others with those of the route.',
    ),
  plans: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/), planSchema)
    .optional()
    .describe("A consumer's or a token's tier, by name."),
  defaultPlan: z.string().optional().describe('The plan of whoever names none, or one that is not here.'),
};

interface Shared {
  readonly file: LimitsFile;
  readonly limits: Limits;
  readonly bans: Bans | undefined;
}

// `shadow` belongs to another stage: what is only tried out tells the client nothing, and bans nobody.
interface RateLimitRoute {
  readonly shadow?: readonly string[] | undefined;
}

/** Refuses callers who come too often: 429 `rate_limited` or `quota_exceeded`; 503 `limits_unavailable` where a route asks for it. */
export const rateLimitStage = defineStage({
  name: 'rateLimit',
  keys,
  fileKeys,
  check: checkLimits,

  prepare(file, deps): Shared {
    const limits = deps.lease.use(limitsKind, '', () => createLimits(deps));
    return { file, limits, bans: createBans(file as BansFile, deps) };
  },

  create(options, route, deps, { file, limits, bans }) {
    if (!route.matched) return undefined;
    const { rateLimits = [], cost = 1, onStoreError = 'local' } = options;
    const isShadowed = (options as RateLimitRoute).shadow?.includes('rateLimit') === true;
    const windows = new RouteWindows(file, rateLimits, route.name);
    // With Redis every call is in the usage report, whether a limit holds for it or not.
    const usage = limits.usageOf(route.name);
    if (windows.isEmpty && usage === undefined) return undefined;
    const settle = createSettle({ stage: 'rateLimit', cost, onStoreError, usage, bans, isShadowed }, route, deps);

    const limiter = createLimiter((context) => {
      const list = windows.of(context);
      const decided = limits.decide(list.windows, context, cost, onStoreError === 'local');
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
      if (!context.dryRun) usage?.count(context, cost, true);
      next();
    };
  },
});
