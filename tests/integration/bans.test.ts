import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const KEY = createApiKey();
const CONSUMERS = [{ name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }];
const BANS = { failedCredentials: { after: 5, for: '1h' }, refusedCalls: { after: 3, for: '10m' } };
/** Lets a test speak from any address. */
const ONE_PROXY = { TRUST_PROXY: '1' };

async function setUp(t: TestContext, { route = {}, env = ONE_PROXY, file = {} }: Record<string, object> = {}) {
  const service = await startService(t);
  const routes = [{ prefix: '/a', target: service.url, auth: 'api-key', ...route }];
  const whole = { consumers: CONSUMERS, bans: BANS, routes, ...file };
  return { service, file: whole, gateway: await startGateway(t, { file: whole, env: env as typeof ONE_PROXY }) };
}

function call({ url }: TestGateway, address: string, key: string = KEY, path = '/a'): Promise<Answer> {
  return ask(url + path, { headers: { 'x-api-key': key, 'x-forwarded-for': address } });
}

async function guess(gateway: TestGateway, address: string, count: number, path = '/a'): Promise<void> {
  for (let i = 0; i < count; i++) await call(gateway, address, createApiKey(), path);
}

test('an address that guesses keys is banned: on every route, before a credential is looked at', async (t) => {
  const { gateway, service } = await setUp(t, {
    file: {
      routes: [
        { prefix: '/a', target: 'http://127.0.0.1:1', auth: 'api-key' },
        { prefix: '/b', auth: 'none', respond: { status: 204 } },
      ],
    },
  });
  await guess(gateway, '203.0.113.9', 3);
  await guess(gateway, '203.0.113.9', 2, '/-/me');
  for (const path of ['/a', '/b', '/-/me']) {
    const banned = await call(gateway, '203.0.113.9', KEY, path);
    assert.deepEqual([banned.status, banned.json.code], [429, 'banned'], path);
    assert.ok(Number(banned.headers['retry-after']) > 3500);
  }
  assert.equal((await call(gateway, '203.0.113.10', KEY, '/b')).status, 204);
  assert.equal((await ask(`${gateway.url}/health`)).status, 200);
  assert.equal(service.requests.length, 0);
  assert.match(await gateway.metrics(), /turnpike_bans_total\{reason="failed-credentials"\} 1/);
});

test('no field that a client makes up bans somebody else, or moves it out of its own ban', async (t) => {
  const { gateway } = await setUp(t, { env: {} });
  for (let i = 0; i < 6; i++) await guess(gateway, `203.0.113.${i}`, 1);
  const { bans } = (await ask(`${gateway.adminUrl}/bans`)).json as { bans: { address: string }[] };
  assert.deepEqual(
    bans.map(({ address }) => address),
    ['127.0.0.1'],
  );
  assert.equal((await call(gateway, '203.0.113.200')).status, 429);
});

test('an operator sees who is banned, and lifts a ban', async (t) => {
  const { gateway } = await setUp(t);
  await guess(gateway, '2001:db8::1', 5);
  const { bans } = (await ask(`${gateway.adminUrl}/bans`)).json as { bans: { id: string; address: string }[] };
  assert.equal(bans.length, 1);
  assert.match(bans[0]?.address ?? '', /^2001:db8:/);
  const one = `${gateway.adminUrl}/bans/${encodeURIComponent(bans[0]?.id ?? '')}`;
  assert.equal((await ask(one, { method: 'GET' })).status, 405);
  assert.equal((await ask(one, { method: 'DELETE' })).status, 200);
  assert.equal((await ask(one, { method: 'DELETE' })).status, 404);
  assert.equal((await call(gateway, '2001:db8::1')).status, 200);
});

test('a consumer that runs into its limit again and again is banned from every address', async (t) => {
  const { gateway } = await setUp(t, { route: { rateLimits: [{ limit: 2, window: '1h' }] } });
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) statuses.push((await call(gateway, `198.51.100.${i}`)).status);
  assert.deepEqual(statuses, [200, 200, 429, 429, 429, 429, 429]);
  const banned = await call(gateway, '198.51.100.77');
  assert.equal(banned.json.code, 'banned');
  assert.equal((await call(gateway, '198.51.100.1', createApiKey())).json.code, 'invalid_credential');
});

test('what is only tried out bans nobody', async (t) => {
  const route = { rateLimits: [{ limit: 1, window: '1h' }], shadow: ['authenticate', 'rateLimit'] };
  const { gateway } = await setUp(t, { route });
  await guess(gateway, '203.0.113.9', 8);
  for (let i = 0; i < 8; i++) assert.equal((await call(gateway, '198.51.100.1')).status, 200);
  assert.deepEqual((await ask(`${gateway.adminUrl}/bans`)).json, { bans: [] });
});

test('a ban outlives a reload, and ends when the file bans nobody any more', async (t) => {
  const { gateway, file } = await setUp(t);
  await guess(gateway, '203.0.113.9', 5);
  await gateway.reload({ ...file, bans: { ...BANS, never: ['192.0.2.1'] } });
  assert.equal((await call(gateway, '203.0.113.9')).status, 429);
  await gateway.reload({ ...file, bans: undefined });
  assert.equal((await call(gateway, '203.0.113.9')).status, 200);
});

test('gateways that share Redis count together, ban together and lift together', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const file = {
    consumers: CONSUMERS,
    bans: BANS,
    routes: [{ prefix: '/a', auth: 'api-key', respond: { status: 200 } }],
  };
  const start = () => startGateway(t, { file, env: ONE_PROXY, redis: { ...PATIENT, url: redis.url } });
  const [one, two] = [await start(), await start()];
  await guess(one, '203.0.113.9', 3);
  await guess(two, '203.0.113.9', 2);
  for (const gateway of [one, two]) await until(async () => (await call(gateway, '203.0.113.9')).status === 429);
  const late = await start();
  assert.equal((await call(late, '203.0.113.9')).status, 429, 'one that starts later knows it before it listens');
  const lifted = await ask(`${two.adminUrl}/bans/a:203.0.113.9`, { method: 'DELETE' });
  assert.equal(lifted.status, 200);
  for (const gateway of [one, two, late]) await until(async () => (await call(gateway, '203.0.113.9')).status === 200);
});
