import { ConsumersUnavailable, RedisConsumers } from '../auth/redis-consumers.ts';
import type { StoredConsumer } from '../auth/stored-consumer.ts';
import { createMessageLog } from '../log/log.ts';
import { createRedis, isUpWithin } from '../redis/link.ts';
import { type KeyStore, KeyStoreError } from './key-store.ts';

// Nobody but a person waits for it, and a process among many may get little of the machine.
const CONNECT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 10_000;
/** How long others may be faster, each time. */
const CONTEND_MS = 20_000;
const PAGE = 200;

/** Consumers in Redis, for gateways with `consumerStore: "redis"`. */
export async function createRedisKeyStore(url: string): Promise<KeyStore> {
  const redis = createRedis(
    url,
    createMessageLog({ logLevel: 'error', logFormat: 'json' }, { append: () => undefined }),
    { commandTimeoutMs: COMMAND_TIMEOUT_MS },
  );
  if (!(await isUpWithin(redis, CONNECT_MS))) {
    await redis.close();
    throw new KeyStoreError('Redis does not answer at REDIS_URL; nothing was changed', 'unavailable');
  }
  const all = new RedisConsumers(redis);
  const place = 'Redis';

  return {
    place,
    keepsTimes: true,
    read: () => told(() => readAll(all)),
    change: (name, make) =>
      told(async () => (await all.change(name, (before) => make(before?.consumer, place), CONTEND_MS)).result),
    close: () => redis.close(),
  };
}

async function readAll(all: RedisConsumers): Promise<StoredConsumer[]> {
  const byName = new Map<string, StoredConsumer>();
  let cursor: string | undefined = '0';
  while (cursor !== undefined) {
    const { consumers, next }: Awaited<ReturnType<RedisConsumers['page']>> = await all.page(cursor, PAGE);
    for (const consumer of consumers)
      byName.set(consumer.name, { ...consumer, keys: await all.withUses(consumer.keys ?? []) });
    cursor = next;
  }
  return [...byName.values()];
}

/** Faults of the store in words for the person at the terminal. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof ConsumersUnavailable)) throw cause;
    const doubt = cause.isDoubtful
      ? 'whether it was written is not known: see turnpike key list'
      : 'nothing was changed';
    throw new KeyStoreError(`${cause.message}; ${doubt}`, 'unavailable', { cause });
  }
}
