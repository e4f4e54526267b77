import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, passed, StageBench } from '../../support/limits.ts';

function benchOf(file: Parameters<StageBench['load']>[0], clock = new FakeClock()): StageBench {
  const bench = new StageBench({ clock });
  bench.load(file);
  return bench;
}

test('exactly forty of a hundred parallel calls pass a limit of forty', async () => {
  const bench = benchOf({ routes: { users: { rateLimits: [{ limit: 40, window: '1m' }] } } });
  assert.equal(passed(await bench.calls(100, 'users')), 40);
});

test('an allowed call is told what is left, by the draft fields and the older ones', async () => {
  const clock = new FakeClock();
  const plans = { free: { rateLimits: [{ limit: 100, window: '1h' }] } };
  const bench = benchOf({ plans, defaultPlan: 'free', routes: { users: {} } }, clock);
  const { status, headers } = await bench.call('users', { consumer: 'app' });
  assert.equal(status, 200);
  assert.deepEqual(headers, {
    'RateLimit-Policy': '"free-1h";q=100;w=3600',
    RateLimit: '"free-1h";r=99;t=3600',
    'X-RateLimit-Limit': '100',
    'X-RateLimit-Remaining': '99',
    'X-RateLimit-Reset': String(clock.nowMs / 1000 + 3600),
  });
});

test('a refused call is told which policy refused it and when to come back', async () => {
  const bench = benchOf({ routes: { users: { rateLimits: [{ limit: 2, window: '10s', name: 'burst' }] } } });
  await bench.calls(2, 'users');
  const { status, error, headers } = await bench.call('users');
  assert.equal(status, 429);
  assert.equal(error?.code, 'rate_limited');
  assert.match(error?.message ?? '', /"burst" of 2 calls .* again in \d+ s/);
  assert.equal(headers['RateLimit'], `"burst";r=0;t=${error?.extras?.retryAfterSeconds}`);
});

test('a caller who waits for Retry-After passes', async () => {
  const clock = new FakeClock();
  const bench = benchOf({ routes: { users: { rateLimits: [{ limit: 5, window: '10s' }] } } }, clock);
  await bench.calls(5, 'users');
  const refused = await bench.call('users');
  clock.pass((refused.error?.extras?.retryAfterSeconds ?? 0) * 1000);
  assert.equal((await bench.call('users')).status, 200);
});

test('a call that one window refuses is counted by none', async () => {
  const clock = new FakeClock();
  const rateLimits = [
    { limit: 2, window: '1s', algorithm: 'fixed' },
    { limit: 10, window: '1h', algorithm: 'fixed' },
  ];
  const bench = benchOf({ routes: { users: { rateLimits } } }, clock);
  assert.equal(passed(await bench.calls(50, 'users')), 2);
  clock.pass(1000);
  const { headers } = await bench.call('users');
  assert.equal(headers['RateLimit'], '"users-1s";r=1;t=1', 'the tightest window is the one that is told');
  assert.equal(passed(await bench.calls(50, 'users')), 1);
  for (let second = 0; second < 3; second++) {
    clock.pass(1000);
    assert.equal(passed(await bench.calls(50, 'users')), 2);
  }
  clock.pass(1000);
  assert.equal((await bench.call('users')).headers['RateLimit-Policy'], '"users-1s";q=2;w=1, "users-1h";q=10;w=3600');
  assert.equal(
    (await bench.call('users')).error?.message.includes('users-1h'),
    true,
    'ten in all, whoever was refused',
  );
});

test('a limit of the whole gateway that is not by address or header is decided together with that of a route', async () => {
  const bench = benchOf({
    rateLimits: [{ limit: 3, window: '1m', by: 'route' }],
    routes: {
      users: { rateLimits: [{ limit: 2, window: '1m' }] },
      orders: { rateLimits: [{ limit: 2, window: '1m' }] },
    },
  });
  assert.equal(passed(await bench.calls(10, 'users', { consumer: 'a' })), 2);
  assert.equal(passed(await bench.calls(10, 'orders', { consumer: 'b' })), 1);
});

test("a plan's window counts a consumer over all routes, a route's own only there", async () => {
  const bench = benchOf({
    plans: { free: { rateLimits: [{ limit: 4, window: '1h' }] } },
    routes: { users: { rateLimits: [{ limit: 3, window: '1h' }] }, orders: {} },
  });
  const caller = { consumer: 'app', plan: 'free' };
  assert.equal(passed(await bench.calls(10, 'users', caller)), 3);
  assert.equal(passed(await bench.calls(10, 'orders', caller)), 1);
});

test('whoever names no plan, or an unknown one, has the default plan', async () => {
  const bench = benchOf({
    plans: { free: { rateLimits: [{ limit: 1, window: '1h' }] }, pro: { rateLimits: [{ limit: 5, window: '1h' }] } },
    defaultPlan: 'free',
    routes: { users: {} },
  });
  assert.equal(passed(await bench.calls(9, 'users', { consumer: 'a', plan: 'pro' })), 5);
  assert.equal(passed(await bench.calls(9, 'users', { consumer: 'b' })), 1);
  assert.equal(passed(await bench.calls(9, 'users', { consumer: 'c', plan: 'gold' })), 1);
  assert.equal(passed(await bench.calls(9, 'users', { address: '198.51.100.7' })), 1);
});

test("a plan named by a token's claim counts where the consumer has none", async () => {
  const bench = benchOf({ plans: { pro: { rateLimits: [{ limit: 2, window: '1h' }] } }, routes: { users: {} } });
  assert.equal(passed(await bench.calls(5, 'users', { subject: 'u1', plan: 'pro' })), 2);
  assert.equal(passed(await bench.calls(5, 'users', { subject: 'u2' })), 5);
});

test('a call of cost five counts five times', async () => {
  const bench = benchOf({ routes: { report: { rateLimits: [{ limit: 12, window: '1m' }], cost: 5 } } });
  const outcomes = await bench.calls(4, 'report');
  assert.equal(passed(outcomes), 2);
  assert.equal(outcomes[3]?.headers['X-RateLimit-Remaining'], '2');
});

test('a reload keeps what was counted, whatever else changed', async () => {
  const bench = benchOf({ routes: { users: { rateLimits: [{ limit: 5, window: '1m' }] } } });
  assert.equal(passed(await bench.calls(3, 'users')), 3);
  bench.load({ routes: { orders: {}, users: { rateLimits: [{ limit: 6, window: '1m' }], cost: 1 } } });
  assert.equal(passed(await bench.calls(9, 'users')), 3);
  assert.equal(bench.pool.size, 1);
});

test('a route without any limit has no limiter', () => {
  const bench = benchOf({ routes: { users: {} } });
  assert.equal(bench.has('users'), false);
});

test('an explained call is decided like a real one and consumes nothing', async () => {
  const bench = benchOf({ routes: { users: { rateLimits: [{ limit: 1, window: '1m' }] } } });
  const first = await bench.call('users', { dryRun: true });
  assert.equal(first.status, 200);
  assert.deepEqual(first.context.trace, [{ stage: 'rateLimit', decision: 'users-1m 0/1' }]);
  assert.equal((await bench.call('users')).status, 200);
  assert.equal((await bench.call('users', { dryRun: true })).status, 429);
  const metrics = await bench.metrics.registry.metrics();
  assert.match(metrics, /limiter_decisions_total\{route="users",decision="allowed"\} 1/);
  assert.doesNotMatch(metrics, /decision="refused"/);
});

test('a used-up quota says so, and opens again with the calendar month', async () => {
  const clock = new FakeClock(Date.UTC(2027, 1, 28, 23, 59, 50));
  const plans = { pro: { quota: { limit: 3, period: 'month' } } };
  const bench = benchOf({ plans, defaultPlan: 'pro', routes: { users: {} } }, clock);
  assert.equal(passed(await bench.calls(5, 'users')), 3);
  const refused = await bench.call('users');
  assert.equal(refused.error?.code, 'quota_exceeded');
  assert.equal(refused.error?.extras?.retryAfterSeconds, 10);
  clock.pass(10_000);
  assert.equal(passed(await bench.calls(5, 'users')), 3);
});
