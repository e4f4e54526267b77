import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { StageDeps } from '../../stage.ts';
import { ApiKeys, type KeyIndex } from '../api-keys.ts';
import type { ConsumerRow } from '../consumers.ts';
import { type Outcome, Refusal } from '../identity.ts';
import { KeyUses, keyUsesKind } from '../key-uses.ts';
import { createQueryReader, parameterName } from '../query-credential.ts';
import { RedisApiKeys } from '../redis-api-keys.ts';
import { defineScheme } from '../scheme.ts';

interface ApiKeyOptions {
  /** Name of the query parameter that may carry a key; undefined (the default) when only the header may. */
  readonly query: string | undefined;
}

const options = z.strictObject({
  query: parameterName.describe(
    'Query parameter that may carry the key. Keys in URLs end in logs and histories: for clients that can set no header.',
  ),
});

const DOUBLED_KEY = new Refusal('more than one API key was sent');

/** API keys in `X-API-Key`, and in the query parameter of that name where the route allows one. */
export const apiKeyScheme = defineScheme({
  name: 'api-key',
  options,
  bare: { query: undefined } as ApiKeyOptions,
  challenge: 'ApiKey realm="turnpike"',
  fileKeys: {
    consumerStore: z
      .enum(['file', 'redis'])
      .default('file')
      .describe(
        'Where API keys are looked up: in `consumers`, or in Redis, where `turnpike key --redis` puts them. Default file.',
      ),
  },
  credentialFields: () => ['x-api-key'],
  queryParameter: ({ query }) => query,
  isPossible: () => true,
  prepare: (file, deps) => createKeyIndex(file.consumers, file.consumerStore, deps),

  create({ query }, keys) {
    const readQuery = query === undefined ? undefined : createQueryReader(query, 'API key');
    return {
      authorizationWord: undefined,
      isConfigured: keys.isConfigured,
      check(context: RequestContext, nowMs: number): Outcome | Promise<Outcome> | undefined {
        // Node joins a repeated field with ", "; a key holds neither, so a doubled one is told apart.
        const header = context.req.headers['x-api-key'] as string | undefined;
        const fromQuery = readQuery?.(context.query);
        if (header === undefined) {
          return typeof fromQuery === 'string' ? keys.check(fromQuery, nowMs, context) : fromQuery;
        }
        if (fromQuery !== undefined || header.includes(', ')) return DOUBLED_KEY;
        return keys.check(header, nowMs, context);
      },
    };
  },
});

/** Keys of the file, or of Redis; without REDIS_URL the latter answer 503, and the log says why. */
function createKeyIndex(consumers: readonly ConsumerRow[], store: 'file' | 'redis', deps: StageDeps): KeyIndex {
  const { redis, clock, log } = deps;
  if (store === 'file') {
    const uses = deps.lease.use(keyUsesKind, '', () => new KeyUses());
    uses.retain(consumers);
    return new ApiKeys(consumers, uses);
  }
  if (redis === undefined) log.warn('consumerStore is "redis", but REDIS_URL is not set: no API key can be checked');
  return new RedisApiKeys(redis, clock, log);
}
