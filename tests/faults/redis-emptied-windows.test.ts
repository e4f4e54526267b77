import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { passed, StageBench } from '../support/limits.ts';
import { type ObservedLink, observeRedis } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';

/** A machine under load must not make a call be counted locally while Redis is there. */
const STEADY = { commandTimeoutMs: 2000, probeEveryMs: 20 };

const FILE = {
  plans: { small: { rateLimits: [{ limit: 30, window: '30d' }] } },
  routes: {
    sliding: { rateLimits: [{ limit: 40, window: '10m' }] },
    few: { rateLimits: [{ limit: 5, window: '10m' }] },
    fixed: { rateLimits: [{ limit: 40, window: '30d', algorithm: 'fixed' }] },
    bucket: { rateLimits: [{ limit: 1, window: '10m', algorithm: 'token-bucket', burst: 9 }] },
    plan: {},
    everybody: { rateLimits: [{ limit: 10, window: '10m', by: 'route' }] },
  },
};
const USED_UP = { sliding: 40, few: 5, fixed: 40, bucket: 10, plan: 30, everybody: 10 };
const NOTHING = { sliding: 0, few: 0, fixed: 0, bucket: 0, plan: 0, everybody: 0 };

interface Gateway {
  readonly bench: StageBench;
  readonly observed: ObservedLink;
}

async function startGateway(t: TestContext, redis: RedisServer, file: object = FILE): Promise<Gateway> {
  const observed = observeRedis(redis.url, STEADY);
  const bench = new StageBench({ clock: systemClock, redis: observed.link });
  bench.load(file as Parameters<StageBench['load']>[0]);
  t.after(async () => {
    bench.close();
    await observed.link.close();
  });
  await observed.until(true);
  return { bench, observed };
}

async function startRedis(t: TestContext): Promise<RedisServer> {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  return redis;
}

/** Kills Redis, and starts it again with nothing in it. */
async function empty(redis: RedisServer, fleet: readonly Gateway[], whileAway = async () => {}): Promise<void> {
  await redis.kill();
  await Promise.all(fleet.map(({ observed }) => observed.until(false)));
  await whileAway();
  await redis.start();
  await Promise.all(fleet.map(({ observed }) => observed.until(true)));
}

/** Of so many calls of each route at each gateway, how many passed. */
async function callAll(fleet: readonly Gateway[], count = 45): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const route of Object.keys(USED_UP)) {
    const caller = route === 'plan' ? { consumer: 'app', plan: 'small' } : { consumer: 'app' };
    const outcomes = await Promise.all(fleet.map(({ bench }) => bench.calls(count, route, caller)));
    numbers[route] = passed(outcomes.flat());
  }
  return numbers;
}

test('windows that were used up stay so in a Redis that comes back empty, again and again', needsRedis, async (t) => {
  const redis = await startRedis(t);
  const fleet = [await startGateway(t, redis), await startGateway(t, redis)];
  assert.deepEqual(await callAll(fleet), USED_UP);
  for (let times = 0; times < 2; times++) {
    await empty(redis, fleet, async () => assert.deepEqual(await callAll(fleet), NOTHING));
    assert.deepEqual(await callAll(fleet), NOTHING);
  }
  await empty(redis, fleet);
  await empty(redis, fleet);
  assert.deepEqual(await callAll(fleet), NOTHING, 'nobody had called in between');
});

test('the gateway that knew a window to be used up tells those that did not', needsRedis, async (t) => {
  const redis = await startRedis(t);
  const one = await startGateway(t, redis);
  const other = await startGateway(t, redis);
  // The last call that passes is the last that is told: no call is refused.
  assert.equal(passed(await one.bench.calls(40, 'sliding', { consumer: 'app' })), 40);
  await empty(redis, [one, other]);
  assert.equal((await one.bench.call('sliding', { consumer: 'app' })).status, 429);
  assert.equal(passed(await other.bench.calls(45, 'sliding', { consumer: 'app' })), 0);
  assert.equal((await other.bench.call('sliding', { consumer: 'somebody-else' })).status, 200);
});

test('nobody waits longer than Redis has told', needsRedis, async (t) => {
  const redis = await startRedis(t);
  const windows = {
    sliding: { limit: 20, window: '3s' },
    few: { limit: 5, window: '3s' },
    fixed: { limit: 20, window: '3s', algorithm: 'fixed' },
    bucket: { limit: 1, window: '3s', algorithm: 'token-bucket', burst: 2 },
  };
  const routes = Object.fromEntries(Object.entries(windows).map(([name, window]) => [name, { rateLimits: [window] }]));
  const fleet = [await startGateway(t, redis, { routes }), await startGateway(t, redis, { routes })] as const;
  const caller = { consumer: 'app' };
  const untilMs = new Map<string, number>();
  for (const route of Object.keys(windows)) {
    const outcomes = await Promise.all(fleet.map(({ bench }) => bench.calls(25, route, caller)));
    const refused = outcomes.flat().filter(({ status }) => status === 429);
    assert.ok(refused.length > 0);
    const waits = refused.map(({ context }) => context.limit?.resetSeconds ?? 0);
    untilMs.set(route, Date.now() + Math.max(...waits) * 1000);
  }
  await empty(redis, fleet);
  for (const [route, until] of [...untilMs].sort(([, first], [, second]) => first - second)) {
    const leftMs = until - Date.now();
    // Retry-After is rounded up to a second: before the last of it nothing is promised.
    if (leftMs > 1500) assert.equal((await fleet[1].bench.call(route, caller)).status, 429, route);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs) + 20));
    assert.equal((await fleet[0].bench.call(route, caller)).status, 200, `${route} passes again`);
  }
});

test('a Redis that was only away keeps its own counts', needsRedis, async (t) => {
  const redis = await startRedis(t);
  const fleet = [await startGateway(t, redis), await startGateway(t, redis)];
  assert.deepEqual(await callAll(fleet), USED_UP);
  const dump =
    "local all = {} for _, key in ipairs(redis.call('KEYS', 'turnpike:limit:limit*')) do all[#all + 1] = key .. redis.call('GET', key) end table.sort(all) return redis.sha1hex(table.concat(all))";
  const before = await redis.command('EVAL', dump, '0');
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
  await Promise.all(fleet.map(({ observed }) => observed.until(true)));
  assert.deepEqual(await callAll(fleet), NOTHING);
  assert.equal(await redis.command('EVAL', dump, '0'), before);
});
