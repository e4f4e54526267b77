import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { FakeClock, passed, StageBench } from '../support/limits.ts';
import { type ObservedLink, observeRedis } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

/** A machine under load must not make a call be counted locally while Redis is there. */
const STEADY = { commandTimeoutMs: 2000, probeEveryMs: 20 };

interface Gateway {
  readonly bench: StageBench;
  readonly observed: ObservedLink;
}

async function startGateway(t: TestContext, redis: RedisServer, clock: FakeClock, file: object): Promise<Gateway> {
  const observed = observeRedis(redis.url, STEADY);
  const bench = new StageBench({ clock, redis: observed.link });
  bench.load(file as Parameters<StageBench['load']>[0]);
  t.after(async () => {
    bench.close();
    await observed.link.close();
  });
  await observed.until(true);
  return { bench, observed };
}

/** Two gateways that know of each other; a gateway learns that when its link comes up, or every five seconds. */
async function startTwo(t: TestContext, redis: RedisServer, clock: FakeClock, file: object): Promise<Gateway[]> {
  await startGateway(t, redis, clock, file);
  const second = await startGateway(t, redis, clock, file);
  const third = await startGateway(t, redis, clock, file);
  return [second, third];
}

const all = (fleet: readonly Gateway[], isUp: boolean) => Promise.all(fleet.map((one) => one.observed.until(isUp)));

async function callEach(fleet: readonly Gateway[], count: number, route = 'users', consumer = 'app'): Promise<number> {
  const outcomes = await Promise.all(fleet.map(({ bench }) => bench.calls(count, route, { consumer })));
  return passed(outcomes.flat());
}

const quotaOf = (limit: number, routes: object = { users: {} }) => ({
  plans: { pro: { quota: { limit, period: 'month' } } },
  defaultPlan: 'pro',
  routes,
});

/** What Redis has left of the month, looked at without counting. */
async function leftOf({ bench }: Gateway, consumer = 'app'): Promise<number> {
  const { headers, status } = await bench.call('users', { consumer, dryRun: true });
  return status === 200 ? Number(headers['X-RateLimit-Remaining']) + 1 : 0;
}

test(
  'a quota that was used up stays used up while Redis is gone, and when it comes back empty',
  needsRedis,
  async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const fleet = await startTwo(t, redis, new FakeClock(), quotaOf(10));
    assert.equal(await callEach(fleet, 8), 10);
    assert.equal(await callEach(fleet, 1), 0, 'now each of them knows');
    await redis.kill();
    await all(fleet, false);
    assert.equal(await callEach(fleet, 8), 0);
    await redis.start();
    await all(fleet, true);
    assert.equal(await callEach(fleet, 8), 0, 'what the gateways knew was put back');
    const newcomer = await startGateway(t, redis, new FakeClock(), quotaOf(10));
    assert.equal(await callEach([newcomer], 8), 0, 'and a gateway that knew nothing finds it');
  },
);

test('what passes while Redis is gone is booked when it is back, once', needsRedis, async (t) => {
  const redis = await startRedisServer('--appendonly', 'yes', '--appendfsync', 'always');
  t.after(() => redis.stop());
  const fleet = await startTwo(t, redis, new FakeClock(), quotaOf(100));
  assert.equal(await callEach(fleet, 10), 20);
  for (let round = 0; round < 3; round++) {
    await redis.kill();
    await all(fleet, false);
    assert.equal(await callEach(fleet, 5), 10);
    await redis.start();
    await all(fleet, true);
    const used = 20 + (round + 1) * 10;
    await until(async () => (await leftOf(fleet[0] as Gateway)) === 100 - used, { what: `${used} used` });
    assert.equal(await leftOf(fleet[1] as Gateway), 100 - used);
  }
});

test(
  'a call whose cost is more than the share passes once, and limits that were used up stay so',
  needsRedis,
  async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const window = { limit: 10, window: '1h' };
    const bucket = { ...window, algorithm: 'token-bucket', burst: 9 };
    const file = {
      routes: {
        dear: { rateLimits: [window], cost: 9 },
        bucket: { rateLimits: [bucket], cost: 9 },
        fixed: { rateLimits: [{ ...window, algorithm: 'fixed' }], cost: 9 },
      },
    };
    const fleet = await startTwo(t, redis, new FakeClock(), file);
    for (const route of ['dear', 'bucket', 'fixed']) {
      assert.equal(await callEach(fleet, 3, route, 'used-up'), 1);
    }
    await redis.kill();
    await all(fleet, false);
    for (const route of ['dear', 'bucket', 'fixed']) {
      assert.equal(await callEach(fleet, 3, route, 'new'), 2, `one of each gateway: ${route}`);
      assert.equal(await callEach(fleet, 3, route, 'used-up'), 0, `none is left: ${route}`);
    }
  },
);

for (const [what, settings] of [
  ['a Redis that persists', ['--appendonly', 'yes', '--appendfsync', 'always']],
  ['a Redis that comes back empty', []],
] as const) {
  test(
    `a month holds over two gateways through an hour in which ${what} is killed ten times`,
    needsRedis,
    async (t) => {
      const LIMIT = 200;
      const clock = new FakeClock();
      const redis = await startRedisServer(...settings);
      t.after(() => redis.stop());
      const fleet = await startTwo(t, redis, clock, quotaOf(LIMIT));
      let total = 0;
      let inLastOutage = 0;
      for (let outage = 0; outage < 10; outage++) {
        total += await callEach(fleet, 5);
        await redis.kill();
        await all(fleet, false);
        clock.pass(3 * 60_000);
        const inOutage = await callEach(fleet, 8);
        if (inOutage > 0) inLastOutage = inOutage;
        total += inOutage;
        clock.pass(3 * 60_000);
        await redis.start();
        await all(fleet, true);
        const left = Math.max(0, LIMIT - total);
        for (const gateway of fleet)
          await until(async () => (await leftOf(gateway)) === left, { what: `${left} left after outage ${outage}` });
      }
      total += await callEach(fleet, LIMIT);
      assert.ok(total >= LIMIT, `only ${total} passed`);
      assert.ok(total <= LIMIT + inLastOutage, `${total} passed, ${inLastOutage} of them in the last outage`);
      assert.equal(await callEach(fleet, 20), 0, 'nothing passes any more');
      await redis.kill();
      await all(fleet, false);
      assert.equal(await callEach(fleet, 20), 0, 'nor in another outage');
    },
  );
}
