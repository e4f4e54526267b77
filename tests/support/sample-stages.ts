import { z } from 'zod';
import { duration, size } from '../../src/schema-values.ts';
import { defineStage } from '../../src/stage.ts';

const limit = z.strictObject({
  limit: z.int().min(1),
  window: duration({ min: '1s' }),
  by: z.enum(['consumer', 'user', 'address']).optional(),
});

const scheme = z.enum(['jwt', 'api-key']);

const guard = defineStage({
  name: 'guard',
  keys: {
    auth: z.union([z.literal('none'), scheme, z.array(scheme).min(1)]).optional(),
    rateLimits: z.array(limit).optional(),
    balance: z.union([z.strictObject({ hash: z.string() }), z.strictObject({ sticky: z.string() })]).optional(),
    bodyLimit: size().optional(),
    timeouts: z.strictObject({ connect: duration().optional(), total: duration().optional() }).optional(),
  },
  fileKeys: {
    rateLimits: z.array(limit).default([]),
    consumers: z.array(z.strictObject({ name: z.string(), secret: z.string().max(64).optional() })).default([]),
    defaultPlan: z.string().optional(),
  },
  create: () => undefined,
});

const target = z.union([z.string(), z.strictObject({ url: z.string(), weight: z.int().min(1) })]);

const forward = defineStage({
  name: 'forward',
  keys: { service: z.string().optional(), target: z.string().optional() },
  fileKeys: {
    services: z
      .record(z.string().regex(/^[a-z-]+$/, 'small letters only'), z.strictObject({ targets: z.array(target).min(1) }))
      .default({}),
  },
  check({ services }, routes, report) {
    for (const [index, { service }] of routes.entries()) {
      if (service === undefined || Object.hasOwn(services, service)) continue;
      report(['routes', index, 'service'], `there is no service "${service}"`);
    }
  },
  create: () => undefined,
});

/** Two small stages with keys of every kind, to test the configuration without the gateway. */
export const SAMPLE_STAGES = [guard, forward] as const;
