import { z } from 'zod';
import { CONSUMER_KEYS, WRITE_CONSUMER } from '../auth/redis-consumers.ts';
import { createMessageLog } from '../log/log.ts';
import { createRedis, isUpWithin } from '../redis/link.ts';
import { type KeyStore, KeyStoreError, type StoredConsumer } from './key-store.ts';

const CONNECT_MS = 3000;

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
  );
  if (!(await isUpWithin(redis, CONNECT_MS))) {
    await redis.close();
    throw new KeyStoreError('Redis does not answer at REDIS_URL; nothing was changed');
  }
  const [rows, keys, used] = [CONSUMER_KEYS.rows, CONSUMER_KEYS.keys, CONSUMER_KEYS.used].map(
    (name) => redis.prefix + name,
  );

  async function lastUses(): Promise<ReadonlyMap<string, number>> {
    const flat = (await redis.send('HGETALL', used as string)) as unknown;
    const pairs = Array.isArray(flat) ? toPairs(flat as string[]) : Object.entries(flat as Record<string, string>);
    return new Map(pairs.map(([hash, ms]) => [hash, Number(ms)]));
  }

  return {
    place: 'Redis',
    async read() {
      const texts = (await redis.send('HVALS', rows as string)) as readonly string[];
      const uses = await lastUses();
      return texts.map((text): StoredConsumer => {
        const consumer = row.parse(JSON.parse(text));
        return { ...consumer, keys: consumer.keys?.map((key) => ({ ...key, usedAtMs: uses.get(key.sha256) })) };
      });
    },
    async write({ name, plan, roles, keys: own = [], password }) {
      if (password !== undefined) throw new KeyStoreError('passwords are kept in routes.json alone');
      const plain = own.map(({ id, sha256, expiresAt }) => ({ id, sha256, expiresAt }));
      const records = plain.flatMap(({ id, sha256, expiresAt }) => [
        sha256,
        JSON.stringify({ consumer: name, id, plan, roles, expiresAt }),
      ]);
      const consumer = JSON.stringify({ name, plan, roles, keys: plain });
      await redis.send('EVAL', WRITE_CONSUMER, 2, rows as string, keys as string, name, consumer, ...records);
    },
    close: () => redis.close(),
  };
}

function toPairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((value, i) => (i % 2 === 0 ? [[value, flat[i + 1] ?? ''] as [string, string]] : []));
}
