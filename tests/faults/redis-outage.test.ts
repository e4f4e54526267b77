import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { passed, StageBench } from '../support/limits.ts';
import { type ObservedLink, observeRedis } from '../support/redis-link.ts';
import { needsRedis, RedisServer, startRedisServer } from '../support/redis-server.ts';
import { freePort } from '../support/service.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';

const LONGEST_WAIT_MS = 300;
const LONGEST_RETURN_MS = 10_000;
const FILE = { routes: { users: { rateLimits: [{ limit: 40, window: '1h' }] } } };

let server: RedisServer;
let open: { bench: StageBench; observed: ObservedLink }[];

async function gatewayAt(url: string, file: Parameters<StageBench['load']>[0] = FILE) {
  const observed = observeRedis(url);
  const bench = new StageBench({ clock: systemClock, redis: observed.link });
  open.push({ bench, observed });
  bench.load(file);
  return { bench, observed };
}

beforeEach(async () => {
  open = [];
  if (!needsRedis.skip) server = await startRedisServer();
});

afterEach(async () => {
  for (const { bench, observed } of open) {
    bench.close();
    await observed.link.close();
  }
  await server?.stop();
});

/** A call every few milliseconds for a while; the longest that any of them took. */
async function load(bench: StageBench, durationMs: number, route = 'users') {
  const endsAtMs = performance.now() + durationMs;
  const calls: Promise<{ status: number; tookMs: number }>[] = [];
  while (performance.now() < endsAtMs) {
    const startedAtMs = performance.now();
    calls.push(
      bench
        .call(route, { consumer: `c${calls.length % 3}` })
        .then(({ status }) => ({ status, tookMs: performance.now() - startedAtMs })),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const outcomes = await Promise.all(calls);
  return { outcomes, longestMs: Math.max(...outcomes.map((outcome) => outcome.tookMs)) };
}

async function redisShowsUp(bench: StageBench): Promise<boolean> {
  return /turnpike_limiter_store_up 1/.test(await bench.metrics.registry.metrics());
}

test(
  'a frozen Redis makes no call wait, limits hold locally, and Redis counts again after it thaws',
  needsRedis,
  async () => {
    const { bench, observed } = await gatewayAt(server.url);
    await observed.until(true);
    const loading = load(bench, 1500);
    await bench.call('users', { consumer: 'c0' });
    server.freeze();
    await observed.until(false, 2000);
    assert.equal(await redisShowsUp(bench), false);
    assert.equal(passed(await bench.calls(100, 'users', { consumer: 'local' })), 40);
    const { longestMs, outcomes } = await loading;
    assert.ok(longestMs < LONGEST_WAIT_MS, `a call waited ${longestMs} ms`);
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))].sort(), [200, 429]);

    server.thaw();
    await observed.until(true, LONGEST_RETURN_MS);
    assert.equal(await redisShowsUp(bench), true);
    const next = await gatewayAt(server.url);
    await next.observed.until(true);
    await bench.calls(30, 'users', { consumer: 'again' });
    assert.equal(passed(await next.bench.calls(100, 'users', { consumer: 'again' })), 10, 'both count in Redis again');
  },
);

test('an outage and its end are each said once, whatever the load', needsRedis, async () => {
  const { bench, observed } = await gatewayAt(server.url);
  await observed.until(true);
  server.freeze();
  await load(bench, 800);
  server.thaw();
  await observed.until(true, LONGEST_RETURN_MS);
  const levels = observed.messages.map((line) => JSON.parse(line).level);
  assert.deepEqual(levels, ['info', 'warn', 'info'], observed.messages.join('\n'));
});

test('a Redis killed in mid-load and started again, empty, is counted in again', needsRedis, async () => {
  const { bench, observed } = await gatewayAt(server.url);
  await observed.until(true);
  const loading = load(bench, 1000);
  await bench.call('users', { consumer: 'c0' });
  await server.kill();
  await observed.until(false, 2000);
  assert.equal(passed(await bench.calls(100, 'users', { consumer: 'local' })), 40);
  const { longestMs } = await loading;
  assert.ok(longestMs < LONGEST_WAIT_MS, `a call waited ${longestMs} ms`);

  await server.start();
  await observed.until(true, LONGEST_RETURN_MS);
  assert.equal(passed(await bench.calls(100, 'users', { consumer: 'fresh' })), 40);
  assert.match(await server.command('EVAL', "return #redis.call('KEYS', 'turnpike:limit:*fresh')", '0'), /^:1/);
});

test(
  'a Redis slower than the command timeout is done without, and taken back when it is quick',
  needsRedis,
  async () => {
    const proxy = await startSlowProxy(server.port);
    try {
      const { bench, observed } = await gatewayAt(`redis://127.0.0.1:${proxy.port}`);
      await observed.until(true);
      proxy.delayMs = 200;
      const { longestMs } = await load(bench, 1500);
      assert.ok(longestMs < LONGEST_WAIT_MS, `a call waited ${longestMs} ms`);
      assert.equal(observed.link.isUp, false);
      proxy.delayMs = 0;
      await observed.until(true, LONGEST_RETURN_MS);
    } finally {
      await proxy.close();
    }
  },
);

test('the script flushed in mid-load loses no count', needsRedis, async () => {
  const { bench, observed } = await gatewayAt(server.url);
  await observed.until(true);
  const calls = bench.calls(60, 'users', { consumer: 'flushed' });
  await server.command('SCRIPT', 'FLUSH');
  const later = await bench.calls(60, 'users', { consumer: 'flushed' });
  assert.equal(passed([...(await calls), ...later]), 40);
});

test('a gateway that starts before its Redis counts locally, then in Redis', needsRedis, async () => {
  const late = new RedisServer(await freePort());
  try {
    const { bench, observed } = await gatewayAt(late.url);
    assert.equal(passed(await bench.calls(100, 'users', { consumer: 'early' })), 40);
    await late.start();
    await observed.until(true, LONGEST_RETURN_MS);
    assert.equal(passed(await bench.calls(100, 'users', { consumer: 'later' })), 40);
    assert.equal(observed.messages.filter((line) => line.includes('ECONNREFUSED')).length <= 1, true);
  } finally {
    for (const { observed } of open) await observed.link.close();
    await late.stop();
  }
});

test('while Redis is gone each of two gateways grants half of a limit', needsRedis, async () => {
  const [one, two] = await Promise.all([gatewayAt(server.url), gatewayAt(server.url)]);
  await Promise.all([one.observed.until(true), two.observed.until(true)]);
  // A gateway counts its neighbours every five seconds and when its link comes up; the second brings the first's link down and up.
  await two.bench.call('users');
  server.freeze();
  await Promise.all([one.bench.call('users'), two.bench.call('users')]);
  await Promise.all([one.observed.until(false), two.observed.until(false)]);
  server.thaw();
  await Promise.all([one.observed.until(true), two.observed.until(true)]);
  await Promise.all([one.bench.call('users'), two.bench.call('users')]);
  await server.kill();
  await Promise.all([one.observed.until(false), two.observed.until(false)]);
  assert.equal(passed(await one.bench.calls(100, 'users', { consumer: 'half' })), 20);
  assert.equal(passed(await two.bench.calls(100, 'users', { consumer: 'half' })), 20);
});

test('a route may rather pass or refuse calls than count them locally', needsRedis, async () => {
  const rateLimits = [{ limit: 5, window: '1h' }];
  const routes = { open: { rateLimits, onStoreError: 'allow' }, closed: { rateLimits, onStoreError: 'deny' } };
  const { bench, observed } = await gatewayAt(server.url, { routes });
  await observed.until(true);
  await server.kill();
  await observed.until(false);
  assert.equal(passed(await bench.calls(50, 'open')), 50);
  const refused = await bench.call('closed');
  assert.equal(refused.error?.code, 'limits_unavailable');
  assert.equal(refused.status, 503);
  const metrics = await bench.metrics.registry.metrics();
  assert.match(metrics, /route="open",decision="failed-open"\} 50/);
  assert.match(metrics, /route="closed",decision="failed-closed"\} 1/);
});

test('a Redis that can only be read is done without until it can be written', needsRedis, async () => {
  const { bench, observed } = await gatewayAt(server.url);
  await observed.until(true);
  await server.command('REPLICAOF', '127.0.0.1', '1');
  assert.equal(passed(await bench.calls(100, 'users', { consumer: 'readonly' })), 40);
  await observed.until(false);
  await server.command('REPLICAOF', 'NO', 'ONE');
  await observed.until(true, LONGEST_RETURN_MS);
});

test('neither the password nor the URL of Redis is in any message', needsRedis, async () => {
  const secured = await startRedisServer('--requirepass', 'correct-horse');
  try {
    const { observed } = await gatewayAt(`redis://:wrong-donkey@127.0.0.1:${secured.port}`);
    await gatewayAt(`redis://:correct-horse@127.0.0.1:${secured.port}`).then((right) => right.observed.until(true));
    while (observed.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.doesNotMatch(JSON.stringify(open.map((one) => one.observed.messages)), /donkey|horse/);
    assert.match(observed.messages[0] ?? '', /WRONGPASS|NOAUTH/);
  } finally {
    for (const { observed } of open) await observed.link.close();
    await secured.stop();
  }
});
