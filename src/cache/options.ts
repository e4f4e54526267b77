import { z } from 'zod';
import { TOKEN } from '../lib/http-token.ts';
import { duration, size } from '../schema-values.ts';
import { valueText } from '../values/options.ts';

const parameterName = z
  .string()
  .max(128)
  .regex(/^[\x21-\x7e]+$/, { error: 'expected the name of a parameter, without blanks' });

const fieldName = z
  .string()
  .max(128)
  .regex(TOKEN, { error: 'expected the name of a header field: letters, digits, "-"' })
  .transform((name) => name.toLowerCase());

const keyOption = z.strictObject({
  query: z
    .array(parameterName)
    .max(50)
    .optional()
    .describe('The parameters that make a difference; others are not sent to the service. Default: all.'),
  headers: z
    .array(fieldName)
    .max(20)
    .default([])
    .describe('Fields that make a difference though the answer does not name them in Vary.'),
  values: z
    .array(valueText('call'))
    .max(10)
    .default([])
    .describe('What else makes a difference: "${claims.org}", "${params.id}".'),
});

export const cacheOption = z.strictObject({
  ttl: duration({ min: '1s', max: '1d' })
    .optional()
    .describe('How long an answer that says nothing of its freshness is used. Default: it is not stored.'),
  key: keyOption.prefault({}).describe('What tells answers apart beside the URL, and for proven callers who they are.'),
  shared: z
    .boolean()
    .default(false)
    .describe(
      'The answers are the same for all proven callers. Default false: each has its own, but for those that the service calls `public`.',
    ),
  staleWhileRevalidate: duration({ max: '1d' })
    .optional()
    .describe('How long a stale answer is used while a new one is fetched, where the answer does not say.'),
  staleIfError: duration({ max: '1d' })
    .optional()
    .describe('How long a stale answer is used while the service fails, where the answer does not say.'),
  heuristic: z
    .boolean()
    .default(false)
    .describe(
      'Takes a tenth of the time since Last-Modified for the lifetime of answers that name none. Default false.',
    ),
  maxSize: size({ min: '1kb', max: '64mb' })
    .optional()
    .describe('The longest body that is stored. Default a sixteenth of `cacheMemory`; in Redis 1mb at most.'),
});

export type CacheOptions = z.output<typeof cacheOption>;

/** The key of the file that bounds the store of this process. */
export const cacheMemoryOption = size({ min: '64kb', max: '64gb' })
  .prefault('64mb')
  .describe('How much the answers stored in this process may take. Default 64mb.');
