import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { SIGNING_SECRET, signGitHub, signRequest, signStripe } from '../support/sign.ts';
import { until } from '../support/until.ts';

// ATTACK: a signed request that somebody has seen on its way is sent again, at once many times, or to another gateway.

const COPIES = 200;

async function setUp(t: TestContext, gatewayCount: number, redis?: RedisServer, own: object = {}) {
  const service = await startService(t);
  const consumers = [
    { name: 'stripe', webhookSecrets: [SIGNING_SECRET] },
    { name: 'github', webhookSecrets: [SIGNING_SECRET] },
    { name: 'partner', signatureKeys: [{ id: 'k1', secret: SIGNING_SECRET }] },
  ];
  const hook = (provider: string) => ({ auth: { webhook: { provider, consumers: provider, ...own } } });
  const routes = [
    { prefix: '/stripe', target: service.url, ...hook('stripe') },
    { prefix: '/github', target: service.url, ...hook('github') },
    { prefix: '/partner', target: service.url, auth: { 'http-signature': own } },
  ];
  const file = { consumers, routes };
  const gateways: TestGateway[] = [];
  for (let i = 0; i < gatewayCount; i += 1) {
    const link = redis === undefined ? {} : { redis: { url: redis.url, ...PATIENT } };
    const gateway = await startGateway(t, { file, ...link });
    if (redis !== undefined) await until(() => gateway.deps.redis?.isUp);
    gateways.push(gateway);
  }
  return { service, gateways, file, first: gateways[0] as TestGateway };
}

/** How often each status came of so many copies, sent by turns to the gateways. */
async function flood(gateways: readonly TestGateway[], path: string, headers: Record<string, string>, body: string) {
  const answers = await Promise.all(
    Array.from({ length: COPIES }, (_, index) => {
      const { url } = gateways[index % gateways.length] as TestGateway;
      return ask(url + path, { method: 'POST', body, headers, timeoutMs: 30_000 });
    }),
  );
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const ONCE = { 200: 1, 409: COPIES - 1 };

test('of two hundred copies at once exactly one passes, whatever signs them', async (t) => {
  const { gateways, service, first, file } = await setUp(t, 1);
  const body = '{"id": "evt_1"}';
  const stripe = signStripe(body);
  assert.deepEqual(await flood(gateways, '/stripe', stripe, body), ONCE);
  assert.deepEqual(await flood(gateways, '/github', signGitHub(body), body), ONCE);
  const signed = signRequest({ method: 'POST', url: `${first.url}/partner`, body });
  assert.deepEqual(await flood(gateways, '/partner', signed, body), ONCE);
  assert.equal(service.requests.length, 3);
  await first.reload({ ...file, defaultPlan: 'free', plans: { free: {} } });
  assert.deepEqual(await flood(gateways, '/stripe', stripe, body), { 409: COPIES }, 'a reload forgets nothing');
});

test('so it is over two gateways with one Redis', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const { gateways, service } = await setUp(t, 2, redis);
  const body = '{"id": "evt_2"}';
  assert.deepEqual(await flood(gateways, '/stripe', signStripe(body), body), ONCE);
  assert.deepEqual(await flood(gateways, '/github', signGitHub(body), body), ONCE);
  const url = 'https://api.example.com/partner';
  const signed = { host: 'api.example.com', ...signRequest({ method: 'POST', url, body }) };
  // Both gateways are reached by plain HTTP here, which is what was signed.
  const plain = signRequest({ method: 'POST', url: 'http://api.example.com/partner', body });
  assert.deepEqual(await flood(gateways, '/partner', { ...signed, ...plain }, body), ONCE);
  assert.equal(service.requests.length, 3);
});

test(
  'without its Redis each gateway knows its own, or lets none pass where the route says so',
  needsRedis,
  async (t) => {
    for (const withoutRedis of ['local', 'refuse'] as const) {
      const redis = await startRedisServer();
      t.after(() => redis.stop());
      const { gateways, first } = await setUp(t, 2, redis, { withoutRedis });
      await redis.kill();
      await until(() => gateways.every(({ deps }) => deps.redis?.isUp === false));
      const counts = await flood(gateways, '/stripe', signStripe('{}'), '{}');
      assert.deepEqual(counts, withoutRedis === 'local' ? { 200: 2, 409: COPIES - 2 } : { 503: COPIES });
      assert.match(first.messages.join('\n'), /can not be asked of Redis/);
    }
  },
);

test('a forged request does not use up the name of the true one', async (t) => {
  const { first } = await setUp(t, 1);
  const body = '{"id": "evt_3"}';
  const fields = signStripe(body);
  const send = (sent: string) => ask(`${first.url}/stripe`, { method: 'POST', body: sent, headers: fields });
  for (let i = 0; i < 5; i += 1) assert.equal((await send(`{"id": "evt_${i + 10}"}`)).status, 401);
  assert.equal((await send(body)).status, 200);
  const signed = signRequest({ method: 'POST', url: `${first.url}/partner`, body });
  const forge = (sent: string) => ask(`${first.url}/partner`, { method: 'POST', body: sent, headers: signed });
  assert.equal((await forge('{"id": "evt_4"}')).status, 401);
  assert.equal((await forge(body)).status, 200);
});

test('nor does one that another scheme of the route refuses', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'stripe', webhookSecrets: [SIGNING_SECRET] }],
      routes: [
        {
          prefix: '/',
          target: service.url,
          auth: { any: [{ webhook: { provider: 'stripe', consumers: 'stripe' } }, 'api-key'] },
        },
      ],
    },
  });
  const send = (more: Record<string, string>) =>
    ask(`${gateway.url}/`, { method: 'POST', body: '{}', headers: { ...fields, ...more } });
  const fields = signStripe('{}');
  assert.equal((await send({ 'x-api-key': 'nonsense' })).status, 401);
  assert.equal((await send({})).status, 200);
});
