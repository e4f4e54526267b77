import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { MemoryCounter } from '../../src/limits/memory-counter.ts';
import { RedisCounter } from '../../src/limits/redis-counter.ts';
import { planSchema, rateLimitSchema } from '../../src/limits/schema.ts';
import { compilePlan, compileWindow } from '../../src/limits/window.ts';
import { createContext, FakeClock, passed, StageBench } from '../support/limits.ts';
import { createRandom } from '../support/random.ts';
import { type ObservedLink, observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';

let server: RedisServer;
const open: ObservedLink[] = [];

/** A gateway's limiter of its own, sharing the one Redis. */
async function gatewayOf(file: Parameters<StageBench['load']>[0]): Promise<StageBench> {
  const observed = observeRedis(server.url, PATIENT);
  open.push(observed);
  await observed.until(true);
  const bench = new StageBench({ clock: systemClock, redis: observed.link });
  bench.load(file);
  return bench;
}

before(async () => {
  if (!needsRedis.skip) server = await startRedisServer();
});

after(async () => {
  for (const { link } of open) await link.close();
  await server?.stop();
});

test('exactly forty of a hundred parallel calls over four gateways pass a limit of forty', needsRedis, async () => {
  const file = { routes: { users: { rateLimits: [{ limit: 40, window: '1m' }] } } };
  const gateways = await Promise.all([gatewayOf(file), gatewayOf(file), gatewayOf(file), gatewayOf(file)]);
  const outcomes = await Promise.all(gateways.map((gateway) => gateway.calls(25, 'users', { consumer: 'shared' })));
  assert.equal(passed(outcomes.flat()), 40);
});

test('two windows are counted together or not at all, over two gateways', needsRedis, async () => {
  const rateLimits = [
    { limit: 30, window: '1h', name: 'hour' },
    { limit: 10, window: '1h', name: 'burst', by: 'claim:session' },
  ];
  const file = { routes: { pair: { rateLimits } } };
  const [one, two] = await Promise.all([gatewayOf(file), gatewayOf(file)]);
  const burst = async (session: string) => {
    const caller = { consumer: 'both', claims: { session } };
    return passed((await Promise.all([one.calls(20, 'pair', caller), two.calls(20, 'pair', caller)])).flat());
  };
  assert.deepEqual([await burst('a'), await burst('b'), await burst('c'), await burst('d')], [10, 10, 10, 0]);
});

test('an explained call is decided in Redis and consumes nothing there', needsRedis, async () => {
  const gateway = await gatewayOf({ routes: { dry: { rateLimits: [{ limit: 1, window: '1h' }] } } });
  const caller = { consumer: 'dry', dryRun: true };
  assert.equal((await gateway.call('dry', caller)).headers['X-RateLimit-Remaining'], '0');
  assert.equal((await gateway.call('dry', { consumer: 'dry' })).status, 200);
  assert.equal((await gateway.call('dry', caller)).status, 429);
});

test('a server that has forgotten the script is given it again', needsRedis, async () => {
  const gateway = await gatewayOf({ routes: { flushed: { rateLimits: [{ limit: 20, window: '1h' }] } } });
  assert.equal(passed(await gateway.calls(5, 'flushed')), 5);
  await server.command('SCRIPT', 'FLUSH');
  assert.equal(passed(await gateway.calls(30, 'flushed')), 15);
});

test('every key of the limiter expires', needsRedis, async () => {
  const plans = { pro: { quota: { limit: 9, period: 'month' }, rateLimits: [{ limit: 9, window: '1m' }] } };
  const rateLimits = [{ limit: 5, window: '1s', algorithm: 'token-bucket', burst: 3 }];
  const gateway = await gatewayOf({ plans, defaultPlan: 'pro', routes: { expiring: { rateLimits } } });
  await gateway.call('expiring', { consumer: 'expiring' });
  const script =
    "local n = 0 for _, key in ipairs(redis.call('KEYS', 'turnpike:limit:*expiring')) do if redis.call('PTTL', key) > 0 then n = n + 1 end end return n";
  assert.equal(await server.command('EVAL', script, '0'), ':3\r\n');
  assert.equal(await server.command('EVAL', "return #redis.call('KEYS', 'turnpike:limit:*expiring')", '0'), ':3\r\n');
});

test('memory and Redis decide a scripted sequence of two thousand calls alike', needsRedis, async () => {
  const clock = new FakeClock(1_800_000_000_123);
  const observed = observeRedis(server.url, PATIENT);
  open.push(observed);
  await observed.until(true);
  const memory = new MemoryCounter(clock);
  const redis = new RedisCounter(observed.link, clock, () => String(clock.nowMs));
  const random = createRandom(7);
  const lists = listsOfWindows();

  for (let step = 0; step < 2000; step++) {
    clock.pass(Math.floor(random() ** 4 * 90_000));
    const windows = lists[Math.floor(random() * lists.length)] ?? [];
    const context = createContext({ consumer: `equal-${Math.floor(random() * 3)}`, dryRun: random() < 0.1 });
    const cost = 1 + Math.floor(random() * 3);
    const expected = memory.decide(windows, context, cost);
    assert.deepEqual(await redis.decide(windows, context, cost), expected, `call ${step}`);
    if (step % 50 === 0) assert.deepEqual(await redis.peek(windows, context), memory.peek(windows, context));
  }
});

function listsOfWindows() {
  const route = { kind: 'route', name: 'equal' } as const;
  const compile = (options: object) => compileWindow(rateLimitSchema.parse(options), route, 'equal');
  const sliding = compile({ limit: 20, window: '7m' });
  const tight = compile({ limit: 4, window: '61s' });
  const fixed = compile({ limit: 15, window: '5m', algorithm: 'fixed' });
  const bucket = compile({ limit: 7, window: '2m', algorithm: 'token-bucket', burst: 4 });
  const plan = compilePlan('pro', planSchema.parse({ quota: { limit: 400, period: 'day' } }), 'equal');
  return [
    [sliding],
    [tight, sliding],
    [fixed],
    [bucket],
    [bucket, fixed],
    [sliding, ...plan],
    [tight, fixed, bucket, ...plan],
  ];
}
