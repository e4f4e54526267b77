import { randomUUID } from 'node:crypto';
import type { RedisLink } from '../redis/link.ts';

const BEAT_EVERY_MS = 5000;
const ALIVE_MS = 15_000;

/** Signs this gateway in by the server's clock, drops who has been silent, and answers how many are left. */
const BEAT_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${ALIVE_MS})
redis.call('PEXPIRE', KEYS[1], ${ALIVE_MS * 4})
return redis.call('ZCARD', KEYS[1])
`.trim();

/** How many gateways share this Redis, as last seen; each grants its share of a limit while Redis is gone. */
export interface Instances {
  /** At least 1. */
  readonly count: number;
  close(): void;
}

export function createInstances(redis: RedisLink): Instances {
  const id = randomUUID();
  const key = `${redis.prefix}instances`;
  let count = 1;

  async function beat(): Promise<void> {
    if (!redis.isUp) return;
    try {
      const seen = await redis.send('EVAL', BEAT_SCRIPT, 1, key, id);
      if (Number.isSafeInteger(seen)) count = Math.max(1, seen as number);
    } catch {
      // The last count stands: that is what it is for.
    }
  }

  const timer = setInterval(() => void beat(), BEAT_EVERY_MS).unref();
  const stopListening = redis.onChange(() => void beat());
  void beat();
  return {
    get count() {
      return count;
    },
    close() {
      clearInterval(timer);
      stopListening();
      // Without it the others would wait 15 s; a Redis that is gone forgets this gateway by itself.
      if (redis.isUp) redis.send('ZREM', key, id).catch(() => {});
    },
  };
}
