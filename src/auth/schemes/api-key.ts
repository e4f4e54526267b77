import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { FindingId } from '../../findings.ts';
import type { StageDeps } from '../../stage.ts';
import { ApiKeys, type KeyIndex } from '../api-keys.ts';
import { looksLikeJwt, readBearer } from '../bearer.ts';
import type { ConsumerRow } from '../consumers.ts';
import type { Groups } from '../groups.ts';
import { type Outcome, Refusal } from '../identity.ts';
import { KeyUses, keyUsesKind } from '../key-uses.ts';
import { createQueryReader, parameterName } from '../query-credential.ts';
import { type CredentialPlace, createOneReader, type Read } from '../read-one.ts';
import { RedisApiKeys, redisKeysKind } from '../redis-api-keys.ts';
import { defineScheme, fieldName } from '../scheme.ts';

/** Where a key may come from beside `X-API-Key`. */
interface ApiKeyOptions {
  readonly header?: string | undefined;
  readonly query?: string | undefined;
}

const options = z.strictObject({
  header: fieldName
    .optional()
    .describe('Field that may carry the key too; "authorization" takes it as `Authorization: Bearer KEY`.'),
  query: parameterName
    .optional()
    .describe(
      'Query parameter that may carry the key. Keys in URLs end in logs and histories: for clients that can set no header.',
    ),
});

/** API keys in `X-API-Key`, and in another field or a query parameter where the route allows one. */
export const apiKeyScheme = defineScheme({
  name: 'api-key',
  options,
  bare: {} as ApiKeyOptions,
  challenge: 'ApiKey realm="turnpike"',
  fileKeys: {
    consumerStore: z
      .enum(['file', 'redis'])
      .default('file')
      .describe(
        'Where API keys are looked up: in `consumers`, or in Redis, where `turnpike key --redis` puts them. Default file.',
      ),
  },
  // An Authorization that nobody here reads is meant for somebody else: the service doesn't get it either.
  credentialFields: ({ header }) => ['x-api-key', 'authorization', ...(header === undefined ? [] : [header])],
  takesOpaqueBearer: ({ header }) => header === 'authorization',
  queryParameter: ({ query }) => query,
  isPossible: () => true,
  prepare: (file, deps) => createKeyIndex(file, deps),

  create(places, keys, { beside }) {
    const readKey = createKeyReader(places, beside.has('jwt'));
    return {
      authorizationWord: places.header === 'authorization' ? 'bearer' : undefined,
      isConfigured: keys.isConfigured,
      check(context: RequestContext, nowMs: number): Outcome | Promise<Outcome> | undefined {
        const key = readKey(context);
        return typeof key === 'string' ? keys.check(key, nowMs, context) : key;
      },
      recognize: ({ keyHash }, atMs) => (keyHash === undefined ? undefined : keys.recognize(keyHash, atMs)),
    };
  },
});

/** Makes what reads the key of a request: one, wherever it may come from; undefined without any. */
function createKeyReader({ header, query }: ApiKeyOptions, leavesJwt: boolean): Read {
  const places: CredentialPlace[] = [{ name: 'X-API-Key', read: createFieldReader('x-api-key') }];
  if (header === 'authorization') places.push({ name: 'Authorization', read: createBearerReader(leavesJwt) });
  else if (header !== undefined && header !== 'x-api-key')
    places.push({ name: header, read: createFieldReader(header) });
  if (query !== undefined) {
    const readQuery = createQueryReader(query, 'API key');
    places.push({ name: `the query (${query})`, read: (context) => readQuery(context.query) });
  }
  return createOneReader(places, 'API key');
}

function createFieldReader(name: string): Read {
  const doubled = new Refusal(`more than one API key was sent in ${name}`);
  return function readField({ req }) {
    // Node joins a repeated field with ", "; a key holds neither, so a doubled one is told apart.
    const key = req.headers[name] as string | undefined;
    return key?.includes(', ') ? doubled : key;
  };
}

/** Beside tokens, what looks like a JWT is one. */
function createBearerReader(leavesJwt: boolean): Read {
  return function readKeyOfBearer({ req }) {
    const key = readBearer(req.headers.authorization);
    return key === undefined || (leavesJwt && looksLikeJwt(key)) ? undefined : key;
  };
}

interface KeysFile {
  readonly consumers: readonly ConsumerRow[];
  readonly groups: Groups;
  readonly consumerStore: 'file' | 'redis';
}

/** Keys of the file, or of Redis; without REDIS_URL the latter answer 503, and the log says why. */
function createKeyIndex({ consumers, groups, consumerStore: store }: KeysFile, deps: StageDeps): KeyIndex {
  const { redis, clock, log } = deps;
  if (store === 'file') {
    const uses = deps.lease.use(keyUsesKind, '', () => new KeyUses());
    deps.whenInForce(() => uses.retain(consumers));
    return new ApiKeys(consumers, uses);
  }
  if (redis === undefined) {
    const finding: FindingId = 'consumers-without-redis';
    log.warn('consumerStore is "redis", but REDIS_URL is not set: no API key can be checked', { finding });
  }
  return deps.lease.use(redisKeysKind, JSON.stringify(groups), () => new RedisApiKeys(redis, clock, log, groups));
}
