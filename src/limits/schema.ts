import { z } from 'zod';
import { TOKEN_CHARS } from '../lib/http-token.ts';
import { duration } from '../schema-values.ts';
import { valueText } from '../values/options.ts';
import type { Template } from '../values/template.ts';

/** What a person may write about limits in routes.json: windows, plans and quotas. */

const BY = new RegExp(`^(?:consumer|user|address|route|header:[${TOKEN_CHARS}]{1,64}|claim:[^\\s]{1,128})$`);

const ALGORITHMS = ['sliding', 'fixed', 'token-bucket'] as const;

/**
 * Told in the same round as a fault in another key: zod leaves such rules out as soon as there is one. Not told where
 * a key is unknown, or the algorithm: either may have been meant as what is missing.
 */
function isReadable({ value, issues }: z.core.ParsePayload): boolean {
  const { algorithm } = Object(value) as { algorithm?: unknown };
  return ALGORITHMS.some((each) => each === algorithm) && issues.every(({ code }) => code !== 'unrecognized_keys');
}

/** What a window counts. */
const costOfWindow = z
  .literal('tokens', { error: 'expected "tokens", or nothing for calls' })
  .optional()
  .describe(
    'tokens: what calls to a language model use, reserved before the call and settled by its answer; on routes with `models`, or with such a limit of their own. Default: calls.',
  );

export const rateLimitSchema = z
  .strictObject({
    limit: z.int().min(1).max(1_000_000_000).describe('Calls (or what `cost` says) allowed in any one window.'),
    window: duration({ min: '100ms', max: '366d' }).describe('Length of the window, "100ms" to "366d".'),
    by: z
      .union([
        z.string().regex(BY, {
          error: 'expected consumer, user, address, route, header:NAME, claim:NAME or a value such as "${claims.org}"',
        }),
        valueText('call'),
      ])
      .default('consumer')
      .describe(
        'Whose calls are counted together: consumer (then token subject, then address), user, address (IPv6 by /56), route, header:NAME, claim:NAME, or a value such as "${claims.org}/${params.id}".',
      ),
    algorithm: z
      .enum(ALGORITHMS)
      .default('sliding')
      .describe(
        'sliding: no window anywhere holds over 1.1 x limit; fixed: clock-aligned; token-bucket: evenly, with burst.',
      ),
    burst: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .optional()
      .describe("Token bucket only: calls that may come early, as in nginx's `limit_req burst=N nodelay`."),
    cost: costOfWindow,
    scope: z
      .enum(['route', 'gateway'])
      .optional()
      .describe(
        'Whether each route counts alone or all routes count together. Default: route (gateway in plans and for the whole file).',
      ),
    name: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'expected letters, digits, dot, dash, underscore' })
      .optional()
      .describe('Name of the policy in headers, log and answers. Default: owner and window, such as "free-1h".'),
  })
  .refine(({ algorithm, burst }) => algorithm !== 'token-bucket' || burst !== undefined, {
    error: 'a token-bucket needs "burst"',
    params: { hint: 'how many calls may come early, 0 for none' },
    when: isReadable,
  })
  .refine(({ algorithm, burst }) => algorithm === 'token-bucket' || burst === undefined, {
    path: ['burst'],
    error: '"burst" belongs to a token-bucket',
    params: { hint: 'add "algorithm": "token-bucket"' },
    when: isReadable,
  })
  .refine(({ algorithm, cost }) => algorithm !== 'token-bucket' || cost === undefined, {
    path: ['algorithm'],
    error: 'a token-bucket counts calls, no tokens of a model',
    params: { hint: 'use "sliding" or "fixed", or take "cost" out' },
    when: isReadable,
  });

export const quotaSchema = z.strictObject({
  limit: z.int().min(1).max(1_000_000_000_000).describe('Calls (or tokens) allowed in a calendar period (UTC).'),
  period: z.enum(['day', 'month']).describe('The period: a calendar day or month in UTC.'),
  cost: costOfWindow,
});

export const planSchema = z.strictObject({
  rateLimits: z.array(rateLimitSchema).max(16).optional().describe('Windows of the plan; counted over all routes.'),
  quota: quotaSchema
    .optional()
    .describe('Calls, or tokens, per calendar period; kept over restarts in Redis, lost with the process without.'),
});

/** What one call may cost at most. */
export const MAX_COST = 1_000_000;

/** The keys of a route that say how often; those of the stage rateLimit. */
export const limitsRouteKeys = {
  rateLimits: z
    .array(rateLimitSchema)
    .max(16)
    .optional()
    .describe('How often this route may be called; all windows are decided together.'),
  cost: z
    .union([z.int().min(1).max(MAX_COST), valueText('call')])
    .optional()
    .describe(
      'What one call of this route counts in every window: a number, or a value such as "${size(request.query.ids)}". Default 1.',
    ),
  onStoreError: z
    .enum(['local', 'allow', 'deny'])
    .optional()
    .describe(
      'While Redis does not answer: count in this process (local, the default), let calls pass, or refuse them with 503.',
    ),
};

/** The keys of the file that say how often; those of the stage rateLimit. */
export const limitsFileKeys = {
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

export type RateLimitOptions = z.output<typeof rateLimitSchema>;
/** Whose calls are counted together, in words or as a value. */
export type By = string | Template;
/** What a call counts. */
export type CostOption = number | Template;
export type PlanOptions = z.output<typeof planSchema>;
export type QuotaOptions = z.output<typeof quotaSchema>;
