import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/lib/clock.ts';
import { passed, StageBench } from '../support/limits.ts';
import { observeRedis } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';

async function setUp(t: TestContext) {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const proxy = await startSlowProxy(redis.port);
  t.after(() => proxy.close());
  const observed = observeRedis(`redis://127.0.0.1:${proxy.port}`);
  const bench = new StageBench({ clock: systemClock, redis: observed.link });
  t.after(async () => {
    bench.close();
    await observed.link.close();
  });
  const plans = { pro: { quota: { limit: 100, period: 'month' } } };
  bench.load({ plans, routes: { users: { rateLimits: [{ limit: 40, window: '1h' }] } } });
  await observed.until(true);
  const changes: boolean[] = [];
  observed.link.onChange((isUp) => changes.push(isUp));
  return { redis, proxy, observed, bench, changes };
}

test(
  'one slow moment of Redis gives up the calls of that moment, and turns it off for nobody',
  needsRedis,
  async (t) => {
    const { proxy, observed, bench, changes } = await setUp(t);
    await bench.calls(20, 'users', { consumer: 'known' });
    for (let moment = 0; moment < 3; moment++) {
      proxy.delayMs = 150;
      const startedAtMs = performance.now();
      const slow = bench.call('users', { consumer: 'slow' });
      await sleep(20);
      proxy.delayMs = 0;
      // Asked behind the slow one, in other commands, which are answered in time.
      assert.equal((await bench.call('users', { consumer: `other-${moment}` })).status, 200);
      assert.equal((await slow).status, 200);
      assert.ok(performance.now() - startedAtMs < 300, 'the call did not wait for its late answer');
      await sleep(200);
    }
    assert.deepEqual(changes, [], observed.messages.join('\n'));
    assert.equal(passed(await bench.calls(60, 'users', { consumer: 'known' })), 20, 'counts are those of Redis');
  },
);

test(
  'a Redis that is silent for longer is off for all, also when no call comes to find that out',
  needsRedis,
  async (t) => {
    const { redis, observed, bench, changes } = await setUp(t);
    redis.freeze();
    const startedAtMs = performance.now();
    await bench.call('users', { consumer: 'only' });
    assert.ok(performance.now() - startedAtMs < 250, 'the call gave up after its own time');
    await observed.until(false, 2000);
    assert.deepEqual(changes, [false]);
    const nextAtMs = performance.now();
    await bench.call('users', { consumer: 'next' });
    assert.ok(performance.now() - nextAtMs < 50, 'from then on nobody waits');
    redis.thaw();
    await observed.until(true);
  },
);

test('a call of a slow moment, which Redis counts after all, is not booked beside that', needsRedis, async (t) => {
  const { proxy, bench, changes } = await setUp(t);
  const caller = { consumer: 'app', plan: 'pro' };
  const leftOfMonth = async () => {
    const { context } = await bench.call('users', { ...caller, consumer: 'app', dryRun: true });
    return context.limit?.policy === 'pro-month' ? context.limit.remaining + 1 : undefined;
  };
  bench.load({ plans: { pro: { quota: { limit: 100, period: 'month' } } }, routes: { users: {} } });
  await bench.calls(10, 'users', caller);
  assert.equal(await leftOfMonth(), 90);
  for (let moment = 0; moment < 3; moment++) {
    proxy.delayMs = 150;
    const slow = bench.calls(3, 'users', caller);
    await sleep(20);
    proxy.delayMs = 0;
    await bench.calls(2, 'users', caller);
    await slow;
    await sleep(200);
  }
  await bench.calls(1, 'users', caller);
  assert.equal(await leftOfMonth(), 74);
  assert.deepEqual(changes, []);
});
