import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { post, startOrders } from '../support/idempotency.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { freePort, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';

async function startTwo(t: TestContext, target: string, idempotency: unknown = true) {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const file = { routes: [{ prefix: '/', name: 'orders', target, auth: 'none', idempotency }] };
  const start = (): Promise<TestGateway> => startGateway(t, { file, redis: { ...PATIENT, url: redis.url } });
  const gateways = await Promise.all([start(), start()]);
  // The link is up a moment after the gateway is.
  for (const gateway of gateways) {
    await until(async () => (await post(`${gateway.url}/ready`, `ready-${gateway.port}`)).status < 300);
  }
  const [one, two] = gateways as [TestGateway, TestGateway];
  return { redis, one, two };
}

test('bytes of every kind come back from Redis as they were', needsRedis, async (t) => {
  const body = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
  const service = await startService(t, (_req, res) => {
    res.writeHead(201, { 'content-type': 'image/x', 'x-latin': 'caf\xe9', link: ['<a>', '<b>'] }).end(body);
  });
  const { one, two } = await startTwo(t, service.url);
  const before = service.requests.length;
  const first = await post(`${one.url}/x`, KEY);
  const second = await post(`${two.url}/x`, KEY);
  assert.deepEqual(second.body, body);
  assert.equal(second.headers['idempotency-replayed'], 'true');
  for (const name of ['x-latin', 'link', 'content-type', 'content-length'])
    assert.equal(second.headers[name] ?? '', name === 'content-length' ? '4096' : first.headers[name], name);
  assert.equal(service.requests.length, before + 1);
});

test('of fifty at once over two gateways one reaches the service', needsRedis, async (t) => {
  const orders = await startOrders(t);
  const { one, two } = await startTwo(t, orders.url);
  const before = orders.requests.length;
  const all = Array.from({ length: 50 }, (_, index) => post(`${index % 2 ? one.url : two.url}/slow`, KEY));
  const early = await until(async () => {
    const settled = await Promise.all(all.map((call) => Promise.race([call, undefined])));
    const refused = settled.filter((answer) => answer !== undefined);
    return refused.length === 49 ? refused : undefined;
  });
  for (const { status, json } of early) assert.deepEqual([status, json.code], [409, 'idempotency_in_progress']);
  orders.release();
  assert.deepEqual((await Promise.all(all)).filter(({ status }) => status === 201).length, 1);
  assert.equal(orders.requests.length, before + 1);
  for (const { url } of [one, two])
    assert.equal((await post(`${url}/slow`, KEY)).headers['idempotency-replayed'], 'true');
  const other = await post(`${two.url}/slow`, KEY, { body: 'other' });
  assert.equal(other.json.code, 'idempotency_mismatch');
});

test('what Redis keeps of a key has an end', needsRedis, async (t) => {
  const orders = await startOrders(t);
  const { redis, one, two } = await startTwo(t, orders.url, { ttl: '1s', lease: '1s' });
  const before = orders.requests.length;
  await post(one.url, KEY);
  await until(async () => (await post(two.url, KEY)).headers['idempotency-replayed'] === undefined);
  assert.equal(orders.requests.length, before + 2);
  await until(async () => (await redis.command('KEYS', '*idempotency:*')).startsWith('*1\r\n'), {
    what: 'the mark alone',
  });
});

test('a lease is renewed for as long as the request runs', needsRedis, async (t) => {
  const orders = await startOrders(t);
  const { one, two } = await startTwo(t, orders.url, { lease: '2s' });
  const before = orders.requests.length;
  const first = post(`${one.url}/slow`, KEY);
  await until(() => orders.requests.length === before + 1);
  const endsAtMs = performance.now() + 4500;
  await until(async () => {
    assert.equal((await post(`${two.url}/slow`, KEY)).json.code, 'idempotency_in_progress');
    return performance.now() > endsAtMs;
  });
  orders.release();
  assert.equal((await first).status, 201);
  assert.equal(orders.requests.length, before + 1);
});

test('keys hold in a Redis Cluster', needsRedis, async (t) => {
  const announced = ['--cluster-announce-ip', '127.0.0.1', '--cluster-port', String(await freePort())];
  const redis = await startRedisServer('--cluster-enabled', 'yes', ...announced);
  t.after(() => redis.stop());
  await redis.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => String(slot)));
  await until(async () => (await redis.command('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  const orders = await startOrders(t);
  const file = { routes: [{ prefix: '/', target: orders.url, auth: 'none', idempotency: true }] };
  const link = { ...PATIENT, url: `redis+cluster://127.0.0.1:${redis.port}` };
  const [one, two] = await Promise.all([
    startGateway(t, { file, redis: link }),
    startGateway(t, { file, redis: link }),
  ]);
  for (const { url, port } of [one, two]) await until(async () => (await post(url, `ready-${port}`)).status === 201);
  const before = orders.requests.length;
  assert.equal((await post(one.url, KEY)).status, 201);
  assert.equal((await post(two.url, KEY)).headers['idempotency-replayed'], 'true');
  assert.equal(orders.requests.length, before + 1);
});
