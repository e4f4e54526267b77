import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { quotaOfTokens, type SharedBench, startSharedLimits, windowOfTokens } from '../support/shared-limits.ts';
import { until } from '../support/until.ts';

const LIMIT = 1_000_000;
const QUOTA = quotaOfTokens(LIMIT);
const HUNDRED = { least: 100, most: 100 };

async function startTwo(t: TestContext): Promise<{ redis: RedisServer; one: SharedBench; other: SharedBench }> {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  return { redis, one: await startSharedLimits(t, redis), other: await startSharedLimits(t, redis) };
}

const all = (fleet: readonly SharedBench[], isUp: boolean) =>
  Promise.all(fleet.map(({ observed }) => observed.until(isUp)));

const untilLeft = (bench: SharedBench, left: number) =>
  until(async () => (await bench.leftOf(QUOTA)) === left, { what: `${left} left`, timeoutMs: 5000 });

test('a silence of Redis puts nothing back into a quota that was only held', needsRedis, async (t) => {
  const { redis, one, other } = await startTwo(t);
  const large = await one.reserve(QUOTA, { least: 1, most: LIMIT / 2 });
  const small = await other.reserve(QUOTA, { least: 10, most: 10 });
  small.settle(10);
  assert.equal(await other.leftOf(QUOTA), LIMIT / 2 - 10);
  large.settle(12);
  assert.equal(await one.leftOf(QUOTA), LIMIT - 22);
  redis.freeze();
  await Promise.all([one.leftOf(QUOTA), other.leftOf(QUOTA), all([one, other], false)]);
  redis.thaw();
  await all([one, other], true);
  assert.deepEqual([await other.leftOf(QUOTA), await one.leftOf(QUOTA)], [LIMIT - 22, LIMIT - 22]);
});

test('calls that end while Redis is frozen are booked with what they used', needsRedis, async (t) => {
  const { redis, one, other } = await startTwo(t);
  const fleet = [one, other, one, other, one, other];
  const held = await Promise.all(fleet.map((bench) => bench.reserve(QUOTA, HUNDRED)));
  redis.freeze();
  // They are sent, heard when Redis goes on, and sent again.
  for (const { settle } of held) settle(12);
  await all([one, other], false);
  redis.thaw();
  await all([one, other], true);
  await untilLeft(one, LIMIT - held.length * 12);
  assert.equal(await other.leftOf(QUOTA), LIMIT - held.length * 12);
});

test(
  'a Redis that comes back empty is told what was used, and of calls under way when they end',
  needsRedis,
  async (t) => {
    const { redis, one, other } = await startTwo(t);
    for (const used of [40, 50]) (await one.reserve(QUOTA, HUNDRED)).settle(used);
    const held = await Promise.all([one, other].map((bench) => bench.reserve(QUOTA, HUNDRED)));
    await redis.kill();
    await all([one, other], false);
    held[0]?.settle(12);
    await redis.start();
    await all([one, other], true);
    await untilLeft(other, LIMIT - 90 - 12);
    held[1]?.settle(7);
    await untilLeft(one, LIMIT - 90 - 19);
    assert.equal(await other.leftOf(QUOTA), LIMIT - 90 - 19);
  },
);

for (const algorithm of ['sliding', 'fixed']) {
  test(
    `a ${algorithm} window that was only held is not used up again in a Redis that comes back empty`,
    needsRedis,
    async (t) => {
      const { redis, one, other } = await startTwo(t);
      const window = windowOfTokens({ limit: 1000, algorithm });
      const held = await Promise.all(Array.from({ length: 10 }, () => one.reserve(window, HUNDRED)));
      assert.equal((await other.reserve(window, HUNDRED)).decision.allowed, false, 'all of it is held');
      for (const { settle } of held) settle(12);
      assert.equal(await one.leftOf(window), 880);
      await redis.kill();
      await all([one, other], false);
      await redis.start();
      await all([one, other], true);
      for (const bench of [one, other]) assert.equal((await bench.reserve(window, HUNDRED)).decision.allowed, true);
    },
  );

  test(
    `a ${algorithm} window that was reserved and used up stays so in a Redis that comes back empty`,
    needsRedis,
    async (t) => {
      const { redis, one, other } = await startTwo(t);
      const window = windowOfTokens({ limit: 1000, algorithm });
      for (let times = 0; times < 10; times++) (await one.reserve(window, HUNDRED)).settle(100);
      assert.equal((await other.reserve(window, HUNDRED)).decision.allowed, false);
      await redis.kill();
      await all([one, other], false);
      assert.equal((await other.reserve(window, HUNDRED)).decision.allowed, false);
      await redis.start();
      await all([one, other], true);
      for (const bench of [one, other]) assert.equal((await bench.reserve(window, HUNDRED)).decision.allowed, false);
    },
  );
}
