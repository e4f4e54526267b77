import { z } from 'zod';
import { CONSUMER_KEYS, WRITE_CONSUMER } from '../auth/redis-consumers.ts';
import { createMessageLog } from '../log/log.ts';
import { createRedis, isUpWithin, type RedisLink } from '../redis/link.ts';
import { type KeyStore, KeyStoreError, type StoredConsumer } from './key-store.ts';

// Nobody but a person waits for it, and a process among many may get little of the machine.
const CONNECT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 10_000;
/** How long others may be faster, each time. */
const CONTEND_MS = 20_000;

const row = z.object({
  name: z.string(),
  plan: z.string().optional(),
  roles: z.array(z.string()).optional(),
  keys: z.array(z.object({ id: z.string(), sha256: z.string(), expiresAt: z.string().optional() })).optional(),
});

/** Consumers in Redis, for gateways with `consumerStore: "redis"`. */
export async function createRedisKeyStore(url: string): Promise<KeyStore> {
  const redis = createRedis(
    url,
    createMessageLog({ logLevel: 'error', logFormat: 'json' }, { append: () => undefined }),
    { commandTimeoutMs: COMMAND_TIMEOUT_MS },
  );
  if (!(await isUpWithin(redis, CONNECT_MS))) {
    await redis.close();
    throw new KeyStoreError('Redis does not answer at REDIS_URL; nothing was changed');
  }
  const rows = redis.prefix + CONSUMER_KEYS.rows;
  const place = 'Redis';

  return {
    place,
    knowsUses: true,
    async read() {
      const texts = (await ask(redis, 'HVALS', rows)) as readonly string[];
      const uses = await lastUses(redis);
      return texts.map((text): StoredConsumer => {
        const consumer = row.parse(JSON.parse(text));
        return { ...consumer, keys: consumer.keys?.map((key) => ({ ...key, usedAtMs: uses.get(key.sha256) })) };
      });
    },
    async change(name, make) {
      const endMs = performance.now() + CONTEND_MS;
      while (performance.now() < endMs) {
        const before = (await ask(redis, 'HGET', rows, name)) as string | null;
        const { after, result } = make(before === null ? undefined : row.parse(JSON.parse(before)), place);
        if (await writeIfUnchanged(redis, before ?? '', after)) return result;
      }
      throw new KeyStoreError(`consumer "${name}" is being changed by others all the time; nothing was changed`);
    },
    close: () => redis.close(),
  };
}

/** Row and keys in one script; false where the row is no more what it was. */
async function writeIfUnchanged(redis: RedisLink, before: string, after: StoredConsumer): Promise<boolean> {
  const { name, plan, roles, keys = [] } = after;
  const plain = keys.map(({ id, sha256, expiresAt }) => ({ id, sha256, expiresAt }));
  const records = plain.flatMap(({ id, sha256, expiresAt }) => [
    sha256,
    JSON.stringify({ consumer: name, id, plan, roles, expiresAt }),
  ]);
  const consumer = JSON.stringify({ name, plan, roles, keys: plain });
  const names = [redis.prefix + CONSUMER_KEYS.rows, redis.prefix + CONSUMER_KEYS.keys];
  return (await ask(redis, 'EVAL', WRITE_CONSUMER, 2, ...names, name, before, consumer, ...records)) === 1;
}

async function ask(redis: RedisLink, command: string, ...args: (string | number)[]): Promise<unknown> {
  try {
    return await redis.send(command, ...args);
  } catch (cause) {
    const doubt =
      command === 'EVAL' ? 'whether it was written is not known: see turnpike key list' : 'nothing was changed';
    throw new KeyStoreError(`Redis does not answer (${(cause as Error).message}); ${doubt}`, { cause });
  }
}

async function lastUses(redis: RedisLink): Promise<ReadonlyMap<string, number>> {
  const flat = await ask(redis, 'HGETALL', redis.prefix + CONSUMER_KEYS.used);
  const pairs = Array.isArray(flat) ? toPairs(flat as string[]) : Object.entries(flat as Record<string, string>);
  return new Map(pairs.map(([hash, ms]) => [hash, Number(ms)]));
}

function toPairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((value, i) => (i % 2 === 0 ? [[value, flat[i + 1] ?? ''] as [string, string]] : []));
}
