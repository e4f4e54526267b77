import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { SharedTimes } from '../../src/redis/shared-times.ts';
import { type ObservedLink, observeRedis } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { startSlowProxy } from '../support/slow-proxy.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;

interface Gateway {
  readonly list: SharedTimes;
  readonly observed: ObservedLink;
}

/** What one gateway knows of the tokens that were taken back. */
async function startGateway(t: TestContext, url: string, options: object = {}): Promise<Gateway> {
  const observed = observeRedis(url, { probeEveryMs: 50, ...options });
  const log = { warn: () => log } as never;
  const list = new SharedTimes({ name: 'revoked', clock: systemClock, log, redis: observed.link });
  t.after(async () => {
    list.close();
    await observed.link.close();
  });
  await observed.until(true);
  await list.load();
  return { list, observed };
}

const isIn =
  (name: string) =>
  ({ list }: Gateway): boolean =>
    list.untilMs(name) > 0;

const all = (fleet: readonly Gateway[], isUp: boolean) => Promise.all(fleet.map((one) => one.observed.until(isUp)));

async function startRedis(t: TestContext, ...args: string[]): Promise<RedisServer> {
  const redis = await startRedisServer(...args);
  t.after(() => redis.stop());
  return redis;
}

test('a gateway that starts after Redis was emptied knows what the others had taken back', needsRedis, async (t) => {
  const redis = await startRedis(t);
  const fleet = [await startGateway(t, redis.url), await startGateway(t, redis.url)];
  const [one, two] = fleet as [Gateway, Gateway];
  one.list.add('stolen', Date.now() + HOUR_MS);
  one.list.add('mistaken', Date.now() + HOUR_MS);
  await until(() => fleet.every(isIn('mistaken')));
  two.list.remove('mistaken');
  await until(() => !fleet.some(isIn('mistaken')));
  await redis.kill();
  await all(fleet, false);
  two.list.add('while-away', Date.now() + HOUR_MS);
  await redis.start();
  await all(fleet, true);
  await until(() => isIn('while-away')(one));
  const newcomer = await startGateway(t, redis.url);
  await until(() => isIn('stolen')(newcomer) && isIn('while-away')(newcomer));
  assert.equal(isIn('mistaken')(newcomer), false);
});

test('what was taken off the list while a gateway was cut off is not put back by it', needsRedis, async (t) => {
  const redis = await startRedis(t);
  const proxy = await startSlowProxy(redis.port);
  t.after(() => proxy.close());
  const one = await startGateway(t, redis.url);
  const two = await startGateway(t, `redis://127.0.0.1:${proxy.port}`);
  for (let i = 0; i < 5; i++) one.list.add(`name-${i}`, Date.now() + HOUR_MS);
  await until(() => isIn('name-4')(two));
  proxy.delayMs = 2000;
  await until(async () => {
    await two.observed.link.send('PING').catch(() => {});
    return !two.observed.link.isUp;
  });
  one.list.remove('name-2');
  two.list.add('own', Date.now() + HOUR_MS);
  proxy.delayMs = 0;
  await two.observed.until(true);
  await until(() => !isIn('name-2')(two));
  await until(() => isIn('own')(one));
  assert.equal(isIn('name-2')(one), false);
  assert.equal(
    [0, 1, 3, 4].every((i) => isIn(`name-${i}`)(one)),
    true,
  );
});

/** How often scripts were run, by Redis' own count. */
async function scriptsRun(redis: RedisServer): Promise<number> {
  const reply = await redis.command('INFO', 'commandstats');
  return Number(/cmdstat_eval:calls=(\d+)/.exec(reply)?.[1] ?? 0);
}

test(
  'a hundred thousand names are read once in small steps, and after a stall only what has changed',
  needsRedis,
  async (t) => {
    const redis = await startRedis(t);
    const fill = `for i = ARGV[1], ARGV[2] do
      redis.call('ZADD', KEYS[1], ARGV[3], 'name-' .. i)
      redis.call('ZADD', KEYS[2], i, 'name-' .. i)
    end
    redis.call('HSET', KEYS[3], 'id', 'filled', 'seq', ARGV[2])`;
    const keys = ['times', 'changes', 'head'].map((part) => `turnpike:{revoked}:${part}`);
    for (let from = 1; from <= 99_000; from += 9000)
      await redis.command('EVAL', fill, '3', ...keys, String(from), String(from + 8999), String(Date.now() + HOUR_MS));
    const gateway = await startGateway(t, redis.url);
    await until(() => gateway.list.size === 99_000);
    const changes: boolean[] = [];
    gateway.observed.link.onChange((isUp) => changes.push(isUp));
    const before = await scriptsRun(redis);
    redis.freeze();
    await gateway.observed.link.send('PING').catch(() => {});
    await gateway.observed.until(false);
    redis.thaw();
    await gateway.observed.until(true);
    gateway.list.add('one-more', Date.now() + HOUR_MS);
    await gateway.list.load();
    const after = await scriptsRun(redis);
    assert.ok(after - before < 40, `${after - before} scripts were run`);
    assert.deepEqual(changes, [false, true]);

    // Emptied, it gets all of them back, in small steps, and stays where it is.
    await redis.kill();
    await gateway.observed.until(false);
    await redis.start();
    await gateway.observed.until(true);
    await gateway.list.load();
    assert.match(await redis.command('ZCARD', 'turnpike:{revoked}:times'), /^:99001/);
    assert.deepEqual(changes, [false, true, false, true]);
  },
);
