import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from 'winston';
import Transport from 'winston-transport';
import { systemClock } from '../../src/lib/clock.ts';
import { SharedTimes } from '../../src/redis/shared-times.ts';
import { passed, StageBench } from '../support/limits.ts';
import { type ObservedLink, observeRedis } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const PASSWORD = 'only-of-this-test';

class Heard extends Transport {
  readonly messages: string[] = [];

  override log({ message }: { message: string }, done: () => void): void {
    this.messages.push(message);
    done();
  }
}

interface Gateway {
  readonly observed: ObservedLink;
  readonly bench: StageBench;
  readonly lists: readonly SharedTimes[];
  readonly heard: readonly string[];
  readonly changes: readonly boolean[];
}

/** A Redis in which our user may do what these words say. */
async function startRedis(t: TestContext, ...rights: string[]): Promise<RedisServer> {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  assert.match(await redis.command('ACL', 'SETUSER', 'gateway', 'on', `>${PASSWORD}`, ...rights), /^\+OK/);
  return redis;
}

async function startGateway(t: TestContext, redis: RedisServer): Promise<Gateway> {
  const observed = observeRedis(`redis://gateway:${PASSWORD}@127.0.0.1:${redis.port}`, {
    commandTimeoutMs: 2000,
    probeEveryMs: 20,
  });
  const changes: boolean[] = [];
  observed.link.onChange((isUp) => changes.push(isUp));
  const transport = new Heard();
  const log = createLogger({ transports: [transport] });
  const lists = ['revoked', 'bans'].map(
    (name) => new SharedTimes({ name, clock: systemClock, log, redis: observed.link }),
  );
  const bench = new StageBench({ clock: systemClock, redis: observed.link });
  bench.load({ routes: { users: { rateLimits: [{ limit: 10, window: '30d' }] } } });
  t.after(async () => {
    bench.close();
    for (const list of lists) list.close();
    await observed.link.close();
  });
  await observed.until(true);
  await Promise.all(lists.map((list) => list.load()));
  return { observed, bench, lists, heard: transport.messages, changes };
}

test('a user who may only touch our keys shares everything', needsRedis, async (t) => {
  const redis = await startRedis(t, '~turnpike:*', '&turnpike:*', '+@all');
  const [one, other] = [await startGateway(t, redis), await startGateway(t, redis)];
  for (const list of one.lists) assert.equal(list.add('somebody', Date.now() + HOUR_MS), true);
  await until(() => other.lists.every((list) => list.untilMs('somebody') > 0));
  one.lists[0]?.remove('somebody');
  await until(() => other.lists[0]?.untilMs('somebody') === 0);
  const outcomes = await Promise.all([one, other].map(({ bench }) => bench.calls(10, 'users', { consumer: 'app' })));
  assert.equal(passed(outcomes.flat()), 10);
  assert.deepEqual(
    [one, other].map(({ heard, changes }) => [heard, changes]),
    [
      [[], [true]],
      [[], [true]],
    ],
  );
  const others =
    "local n = 0 for _, key in ipairs(redis.call('KEYS', '*')) do if key:sub(1, 9) ~= 'turnpike:' or redis.call('PTTL', key) < 0 then n = n + 1 end end return n";
  assert.equal(await redis.command('EVAL', others, '0'), ':0\r\n', 'keys of another name, or that never expire');
});

test('a list lives in Redis for as long as its last name holds', needsRedis, async (t) => {
  const redis = await startRedis(t, '~turnpike:*', '&turnpike:*', '+@all');
  const { lists } = await startGateway(t, redis);
  lists[0]?.add('for long', Date.now() + 1000 * HOUR_MS);
  lists[0]?.add('for ever', Number.MAX_VALUE);
  lists[1]?.add('shortly', Date.now() + HOUR_MS);
  const hours = async (key: string) => Number(/\d+/.exec(await redis.command('PTTL', key))?.[0]) / HOUR_MS;
  for (const part of ['times', 'changes', 'head']) {
    await until(async () => (await hours(`turnpike:{revoked}:${part}`)) > 1000);
    await until(async () => (await hours(`turnpike:{bans}:${part}`)) > 0);
    const left = await hours(`turnpike:{bans}:${part}`);
    assert.ok(left > 23 && left < 26, `${part}: ${left} h`);
  }
});

test('a list that may not be read is said so once, and turns nothing else off', needsRedis, async (t) => {
  const redis = await startRedis(t, '~turnpike:*', '&turnpike:*', '+@all');
  await redis.command('ACL', 'SETUSER', 'gateway', 'resetkeys', '~turnpike:limit:*', '~turnpike:{turnpike}:*');
  const gateway = await startGateway(t, redis);
  for (let times = 0; times < 10; times++) await Promise.all(gateway.lists.map((list) => list.load()));
  for (const name of ['first', 'second']) gateway.lists[0]?.add(name, Date.now() + HOUR_MS);
  await Promise.all(gateway.lists.map((list) => list.load()));
  assert.deepEqual([...new Set(gateway.heard)], gateway.heard, 'nothing is said twice');
  assert.deepEqual(gateway.changes, [true]);
  assert.equal(passed(await gateway.bench.calls(12, 'users', { consumer: 'app' })), 10);

  // What could not be sent is sent when it may be.
  await redis.command('ACL', 'SETUSER', 'gateway', '~turnpike:*');
  await gateway.lists[0]?.load();
  const other = await startGateway(t, redis);
  assert.ok((other.lists[0]?.untilMs('second') ?? 0) > 0);
});

test('a Redis in which nothing may be done any more is done without', needsRedis, async (t) => {
  const redis = await startRedis(t, '~turnpike:*', '&turnpike:*', '+@all');
  const { observed, bench } = await startGateway(t, redis);
  assert.equal((await bench.call('users', { consumer: 'app' })).status, 200);
  await redis.command('ACL', 'SETUSER', 'gateway', 'resetkeys');
  await bench.call('users', { consumer: 'app' });
  await observed.until(false);
  await redis.command('ACL', 'SETUSER', 'gateway', '~turnpike:*');
  await observed.until(true);
});

test('a Redis that is off and on again for one and the same reason is told once', needsRedis, async (t) => {
  const redis = await startRedis(t, '~turnpike:*', '&turnpike:*', '+@all');
  const { observed } = await startGateway(t, redis);
  for (let times = 0; times < 5; times++) {
    observed.link.distrust('it answers as no Redis does');
    await observed.until(true);
  }
  // On a busy machine it may be silent for real in between, which is another reason, and told as that.
  const outages = () => observed.messages.filter((message) => message.includes('does not answer'));
  assert.equal(outages().filter((message) => message.includes('as no Redis does')).length, 1);
  const told = outages().length;
  assert.equal(observed.messages.filter((message) => message.includes('answers again')).length, told);
  // What then lasts is told.
  observed.link.distrust('it answers as no Redis does');
  await redis.kill();
  await until(() => outages().length > told);
});
