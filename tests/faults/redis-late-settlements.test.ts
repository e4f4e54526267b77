import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisUnavailableError } from '../../src/redis/in-flight.ts';
import type { RedisLink } from '../../src/redis/link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { quotaOfTokens, startSharedLimits } from '../support/shared-limits.ts';
import { until } from '../support/until.ts';

const LIMIT = 1_000_000;
const QUOTA = quotaOfTokens(LIMIT);

test('a settlement that was done and given up all the same counts once', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  let isSlow = false;
  let settlements = 0;
  /** Redis does what it is told, but says so too late. */
  const late = (link: RedisLink): RedisLink => ({
    ...link,
    get isUp() {
      return link.isUp;
    },
    async send(command, ...words) {
      const answer = link.send(command, ...words);
      const reply = await answer;
      if (words.includes('settle')) settlements += 1;
      if (isSlow) throw new RedisUnavailableError('a command was not answered in time', answer);
      return reply;
    },
  });
  const bench = await startSharedLimits(t, redis, late);
  const warm = await bench.reserve(QUOTA, { least: 100, most: 100 });
  warm.settle(10);
  assert.equal(await bench.leftOf(QUOTA), LIMIT - 10);
  const kept = await bench.reserve(QUOTA, { least: 100, most: 100 });
  isSlow = true;
  const given = await bench.reserve(QUOTA, { least: 100, most: 100 });
  const before = settlements;
  given.settle(12);
  kept.settle(13);
  await until(() => settlements >= before + 2);
  isSlow = false;
  await until(() => settlements >= before + 4, { what: 'the settlements, sent again' });
  assert.equal(await bench.leftOf(QUOTA), LIMIT - 35);
  assert.equal(await bench.leftOf(QUOTA), LIMIT - 35);
});
