import { z } from 'zod';
import { TOKEN } from '../lib/http-token.ts';
import { duration, size } from '../schema-values.ts';

/** How a route keeps the answers of requests that name a key. */
export const idempotencyOption = z.strictObject({
  required: z
    .boolean()
    .default(false)
    .describe('Refuses a request without a key: 400 `idempotency_key_missing`. Default false: it runs as ever.'),
  methods: z
    .array(z.enum(['POST', 'PATCH', 'PUT', 'DELETE']))
    .min(1)
    .default(['POST', 'PATCH'])
    .describe('Methods that are looked at. Default POST and PATCH.'),
  header: z
    .string()
    .regex(TOKEN, { error: 'not a header field name' })
    .default('Idempotency-Key')
    .describe('Field that holds the key. Default Idempotency-Key.'),
  ttl: duration({ min: '1s', max: '30d' })
    .prefault('24h')
    .describe('How long an answer is given again, counted from the first time. Default 24h.'),
  maxSize: size({ max: '8mb' })
    .prefault('1mb')
    .describe('Longest body that is kept. Of a longer answer the key is remembered alone (409). Default 1mb.'),
  lease: duration({ min: '1s', max: '1h' })
    .optional()
    .describe(
      'How long a key stays closed after nobody knows what came of its request. Default: `timeouts.total` and 30s more.',
    ),
  onLost: z
    .enum(['retry', 'refuse'])
    .default('retry')
    .describe(
      'What a key whose request was lost does after the lease: lets one more request run (`retry`, the default), or answers 409 until `ttl` is over (`refuse`).',
    ),
  onStoreError: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe('Without Redis: 503 (`refuse`, the default), or runs without the promise (`allow`).'),
  retry: z
    .boolean()
    .default(false)
    .describe(
      'Lets `retry` of the route repeat these methods too: for a service that looks at the key itself. Default false.',
    ),
});

export type IdempotencyOptions = z.output<typeof idempotencyOption>;

export const idempotencyKeys = {
  idempotency: z
    .union([z.boolean(), idempotencyOption])
    .optional()
    .describe(
      'Runs a request that names an `Idempotency-Key` once, and gives its answer again to whoever sends it again. Default: off.',
    ),
};
