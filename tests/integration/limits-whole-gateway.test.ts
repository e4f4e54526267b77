import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';

const KEYS = { app: createApiKey(), reader: createApiKey() };
const CONSUMERS = Object.entries(KEYS).map(([name, key]) => ({
  name,
  roles: name === 'app' ? ['admin'] : [],
  keys: [{ id: 'k1', sha256: hashApiKey(key) }],
}));
const ROUTES = [
  { prefix: '/open', auth: 'none', respond: { status: 204 } },
  { prefix: '/locked', auth: 'api-key', authorize: { roles: ['admin'] }, respond: { status: 204 } },
  {
    prefix: '/dear',
    auth: 'api-key',
    cost: 3,
    rateLimits: [{ limit: 6, window: '1h', name: 'dear' }],
    respond: { status: 204 },
  },
];
/** Lets a test speak from any address. */
const ONE_PROXY = { TRUST_PROXY: '1' };

function start(t: TestContext, rateLimits: readonly object[], file: object = {}): Promise<TestGateway> {
  return startGateway(t, { file: { consumers: CONSUMERS, rateLimits, routes: ROUTES, ...file }, env: ONE_PROXY });
}

function call(gateway: TestGateway, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(gateway.url + path, { headers: { 'x-forwarded-for': '203.0.113.9', ...headers } });
}

const PER_ADDRESS = { limit: 5, window: '1h', by: 'address', name: 'door' };

const ENDINGS = [
  ['no route', 404, '/nowhere', {}],
  ['no credential', 401, '/locked', {}],
  ['the wrong role', 403, '/locked', { 'x-api-key': KEYS.reader }],
  ['a method that is not there', 405, '/-/me', {}],
] as const;

for (const [why, status, path, headers] of ENDINGS) {
  test(`a limit of the whole gateway by address counts calls that end ${status} for ${why}`, async (t) => {
    const gateway = await start(t, [PER_ADDRESS]);
    const method = status === 405 ? 'POST' : 'GET';
    const send = () => ask(gateway.url + path, { method, headers: { 'x-forwarded-for': '203.0.113.9', ...headers } });
    for (let left = 4; left >= 0; left--) {
      const answer = await send();
      assert.equal(answer.status, status);
      assert.match(String(answer.headers['ratelimit']), new RegExp(`^"door";r=${left};t=`));
    }
    const refused = await send();
    assert.deepEqual([refused.status, refused.json.code], [429, 'rate_limited']);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    const key = { 'x-api-key': KEYS.app };
    assert.equal((await call(gateway, '/locked', key)).status, 429, 'a good caller from there, too');
    assert.equal((await call(gateway, '/locked', { ...key, 'x-forwarded-for': '203.0.113.10' })).status, 204);
  });
}

test('a limit of the whole gateway by a header is decided before a credential is looked at', async (t) => {
  const gateway = await start(t, [{ ...PER_ADDRESS, by: 'header:X-Tenant', limit: 4 }]);
  const asTenant = (tenant: string) => call(gateway, '/locked', { 'x-tenant': tenant });
  const statuses: number[] = [];
  for (const tenant of ['a', 'a', 'a', 'a', 'a', 'b']) statuses.push((await asTenant(tenant)).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 429, 401]);
});

test('a call that is refused at the door uses nothing up behind it, and the other way round', async (t) => {
  const gateway = await start(t, [PER_ADDRESS], {
    plans: { p: { quota: { limit: 9, period: 'month' } } },
    defaultPlan: 'p',
  });
  const key = { 'x-api-key': KEYS.app };
  const leftOfMonth = async () =>
    (await call(gateway, '/-/me', key)).json.limits.map((one: Record<string, unknown>) => [
      one['policy'],
      one['remaining'],
    ]);
  assert.equal((await call(gateway, '/dear', key)).status, 204);
  assert.deepEqual(await leftOfMonth(), [
    ['door', 2],
    ['p-month', 6],
  ]);
  const refused = await call(gateway, '/dear', key);
  assert.match(refused.json.detail, /"door"/);
  assert.deepEqual(await leftOfMonth(), [
    ['door', 2],
    ['p-month', 6],
  ]);
});

test('the fields of an answer name all windows, and tell the tightest of both steps', async (t) => {
  const gateway = await start(t, [{ ...PER_ADDRESS, limit: 7 }]);
  const key = { 'x-api-key': KEYS.app };
  const first = await call(gateway, '/dear', key);
  assert.equal(first.headers['ratelimit-policy'], '"door";q=7;w=3600, "dear";q=6;w=3600');
  assert.match(String(first.headers['ratelimit']), /^"dear";r=3;t=/);
  await call(gateway, '/open');
  await call(gateway, '/open');
  const tighter = await call(gateway, '/open');
  assert.equal(tighter.headers['ratelimit-policy'], '"door";q=7;w=3600');
  assert.match(String(tighter.headers['ratelimit']), /^"door";r=1;t=/);
  assert.equal(tighter.headers['x-ratelimit-limit'], '7');
  const other = await call(gateway, '/dear', { ...key, 'x-forwarded-for': '203.0.113.10' });
  assert.match(String(other.headers['ratelimit']), /^"dear";r=0;t=/);
  const refused = await call(gateway, '/dear', { ...key, 'x-forwarded-for': '203.0.113.10' });
  assert.deepEqual([refused.status, refused.json.detail.includes('"dear"')], [429, true]);
  assert.equal(refused.headers['ratelimit-policy'], '"door";q=7;w=3600, "dear";q=6;w=3600');
  assert.match(String(refused.headers['ratelimit']), /^"dear";r=0;t=/);
  const [line] = await Promise.all([gateway.line({ status: 429 })]);
  assert.equal(line['limit'], 'dear 0/6');
});

test("a route's window that counts the same calls as the gateway's tightens it there, and counts once", async (t) => {
  const same = { limit: 3, window: '1h', by: 'address', scope: 'gateway' };
  const { name: _, ...unnamed } = PER_ADDRESS;
  const gateway = await start(t, [unnamed], {
    routes: [...ROUTES, { prefix: '/strict', auth: 'none', rateLimits: [same], respond: { status: 204 } }],
  });
  const statuses: number[] = [];
  for (const path of ['/open', '/strict', '/strict', '/strict', '/open', '/open', '/open'])
    statuses.push((await call(gateway, path)).status);
  assert.deepEqual(statuses, [204, 204, 204, 429, 204, 204, 429]);
});

test('asking at /-/me costs nothing, and a preflight neither', async (t) => {
  const gateway = await start(t, [PER_ADDRESS]);
  for (let i = 0; i < 8; i++) assert.equal((await call(gateway, '/-/me', { 'x-api-key': KEYS.app })).status, 200);
  const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
  for (let i = 0; i < 8; i++)
    await ask(`${gateway.url}/open`, {
      method: 'OPTIONS',
      headers: { 'x-forwarded-for': '203.0.113.9', ...preflight },
    });
  assert.match(String((await call(gateway, '/open')).headers['ratelimit']), /^"door";r=4;/);
});
