import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type OrderService, post, startOrders } from '../support/idempotency.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';

interface World {
  readonly redis: RedisServer;
  readonly orders: OrderService;
  readonly one: TestGateway;
  readonly two: TestGateway;
}

async function startWorld(t: TestContext, idempotency: object = {}, ...settings: string[]): Promise<World> {
  const redis = await startRedisServer(...settings);
  t.after(() => redis.stop());
  const orders = await startOrders(t);
  const file = { routes: [{ prefix: '/', name: 'orders', target: orders.url, auth: 'none', idempotency }] };
  const start = () => startGateway(t, { file, env: { REDIS_URL: redis.url } });
  const [one, two] = await Promise.all([start(), start()]);
  for (const gateway of [one, two]) await isReady(gateway);
  return { redis, orders, one, two };
}

/** Redis answers it, and takes new keys. */
async function isReady({ url }: TestGateway): Promise<void> {
  const key = () => `ready-${Math.random()}`;
  await until(async () => (await post(`${url}/ready`, key())).status === 201, { what: 'a gateway with its Redis' });
}

const ofKey = ({ orders }: World) => orders.requests.filter(({ path }) => path === '/slow').length;

/** Begins a request that waits at the service. */
async function begin(world: World, key = KEY) {
  const first = post(`${world.one.url}/slow`, key, { timeoutMs: 30_000 });
  first.catch(() => undefined);
  await until(() => ofKey(world) === 1);
  return { call: first };
}

test(
  'Redis killed in the middle: nothing runs until it is back, and then the answer is given again',
  needsRedis,
  async (t) => {
    const world = await startWorld(t);
    const first = await begin(world);
    await world.redis.kill();
    const refused = await until(async () => {
      const answer = await post(`${world.two.url}/slow`, KEY);
      return answer.json.code === 'idempotency_unavailable' && answer;
    });
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
    assert.equal((await ask(`${world.two.url}/x`)).status, 201, 'without a key all goes on');
    world.orders.release();
    assert.equal((await first.call).status, 201, 'its client gets the answer all the same');
    // Emptied: it has no file.
    await world.redis.start();
    const again = await until(
      async () => {
        const answer = await post(`${world.two.url}/slow`, KEY);
        return answer.status === 201 && answer;
      },
      { timeoutMs: 20_000 },
    );
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(ofKey(world), 1);
  },
);

test('Redis that comes back empty while a request runs takes no second one', needsRedis, async (t) => {
  const world = await startWorld(t);
  const first = await begin(world);
  await world.redis.kill();
  await world.redis.start();
  const codes = new Set<string>();
  const endsAtMs = performance.now() + 8000;
  await until(
    async () => {
      const { json, status } = await post(`${world.two.url}/slow`, KEY);
      assert.ok(status === 409 || status === 503, String(status));
      codes.add(json.code);
      return performance.now() > endsAtMs;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
  assert.ok(codes.has('idempotency_in_progress'), [...codes].join());
  world.orders.release();
  assert.equal((await first.call).status, 201);
  assert.equal((await post(`${world.two.url}/slow`, KEY)).headers['idempotency-replayed'], 'true');
  assert.equal(ofKey(world), 1);
});

test('all keys taken out of a Redis that runs: those that are in use are put back', needsRedis, async (t) => {
  const world = await startWorld(t);
  const first = await begin(world);
  await world.redis.command('FLUSHALL');
  const endsAtMs = performance.now() + 7000;
  await until(
    async () => {
      const { status } = await post(`${world.two.url}/slow`, KEY);
      assert.ok(status === 409 || status === 503, String(status));
      return performance.now() > endsAtMs;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
  world.orders.release();
  assert.equal((await first.call).status, 201);
  assert.equal(ofKey(world), 1);
});

test('a frozen Redis holds nobody up for long, and what it does late locks no key', needsRedis, async (t) => {
  const world = await startWorld(t);
  world.redis.freeze();
  const startedAtMs = performance.now();
  const answer = await post(`${world.one.url}/slow`, KEY);
  assert.deepEqual([answer.status, answer.json.code], [503, 'idempotency_unavailable']);
  assert.ok(performance.now() - startedAtMs < 2000);
  assert.equal(ofKey(world), 0);
  world.redis.thaw();
  const calls: Promise<unknown>[] = [];
  await until(
    () => {
      calls.push(post(`${world.two.url}/slow`, KEY));
      return ofKey(world) === 1;
    },
    { timeoutMs: 15_000, everyMs: 100 },
  );
  world.orders.release();
  await Promise.all(calls);
  assert.equal(ofKey(world), 1);
});

test('a route may run without the promise while there is no Redis', needsRedis, async (t) => {
  const world = await startWorld(t, { onStoreError: 'allow' });
  await world.redis.kill();
  assert.equal((await post(world.one.url, KEY)).status, 201);
  assert.equal((await post(world.one.url, KEY)).status, 201);
});

test('a key stays in use while its request runs, however short its lease is', needsRedis, async (t) => {
  const world = await startWorld(t, { lease: '1s' });
  const first = await begin(world);
  // Beyond the time in which nothing that was lost is taken over.
  const endsAtMs = performance.now() + 9000;
  await until(
    async () => {
      const { status } = await post(`${world.two.url}/slow`, KEY);
      assert.equal(status, 409);
      return performance.now() > endsAtMs;
    },
    { timeoutMs: 20_000, everyMs: 2 },
  );
  world.orders.release();
  assert.equal((await first.call).status, 201);
  assert.equal(ofKey(world), 1);
});

test('a Redis that was away for longer than the lease gives nothing away that still runs', needsRedis, async (t) => {
  const world = await startWorld(t, { lease: '2s' }, '--appendonly', 'yes', '--appendfsync', 'always');
  await post(`${world.one.url}/before`, KEY);
  const first = await begin(world, '"key of the slow one"');
  await world.redis.kill();
  const backAtMs = performance.now() + 4500;
  await until(() => performance.now() > backAtMs);
  await world.redis.start();
  const endsAtMs = performance.now() + 7500;
  await until(
    async () => {
      const { status } = await post(`${world.two.url}/slow`, '"key of the slow one"');
      assert.ok(status === 409 || status === 503, String(status));
      return performance.now() > endsAtMs;
    },
    { timeoutMs: 20_000, everyMs: 25 },
  );
  world.orders.release();
  assert.equal((await first.call).status, 201);
  const again = await post(`${world.two.url}/slow`, '"key of the slow one"');
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.equal(ofKey(world), 1);
  const before = await post(`${world.two.url}/before`, KEY);
  assert.equal(before.headers['idempotency-replayed'], 'true', 'what it has written it knows');
});

test('a Redis that has forgotten the last second gives no key away that is in use', needsRedis, async (t) => {
  const world = await startWorld(t, {}, '--appendonly', 'yes', '--appendfsync', 'always');
  // It has a mark and other keys in its file, but not this one.
  await world.redis.command('CONFIG', 'SET', 'appendonly', 'no');
  const first = await begin(world);
  await world.redis.kill();
  await world.redis.start();
  const endsAtMs = performance.now() + 7000;
  await until(
    async () => {
      const { status } = await post(`${world.two.url}/slow`, KEY);
      assert.ok(status === 409 || status === 503, String(status));
      return performance.now() > endsAtMs;
    },
    { timeoutMs: 20_000, everyMs: 25 },
  );
  world.orders.release();
  assert.equal((await first.call).status, 201);
  assert.equal((await post(`${world.two.url}/slow`, KEY)).headers['idempotency-replayed'], 'true');
  assert.equal(ofKey(world), 1);
});
