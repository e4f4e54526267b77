import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { SIGNING_SECRET, signGitHub } from '../support/sign.ts';
import { until } from '../support/until.ts';

const BODY = '{"action": "opened"}';

/** Gateways with one Redis, and a service that answers as a test says. */
async function setUp(t: TestContext, handler: StubHandler, { own = {}, commandTimeoutMs = 2000 } = {}) {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t, handler);
  const file = {
    consumers: [{ name: 'provider', webhookSecrets: [SIGNING_SECRET] }],
    routes: [
      { prefix: '/', target: service.url, auth: { webhook: { provider: 'github', consumers: 'provider', ...own } } },
    ],
  };
  const start = async () => {
    const gateway = await startGateway(t, { file, redis: { url: redis.url, ...PATIENT, commandTimeoutMs } });
    await until(() => gateway.deps.redis?.isUp);
    return async () => {
      const answer = ask(`${gateway.url}/`, { method: 'POST', body: BODY, headers: signGitHub(BODY) });
      return answer.then(({ status }) => status);
    };
  };
  const lifeMs = async (): Promise<number> => {
    const [, key = ''] = /(turnpike:signed:\S+)/.exec(await redis.command('KEYS', 'turnpike:signed:*')) ?? [];
    return Number(/-?\d+/.exec(await redis.command('PTTL', key))?.[0]);
  };
  return { redis, service, start, lifeMs };
}

test('a delivery that failed may come again at every gateway, those that had a copy too', needsRedis, async (t) => {
  const held: (() => void)[] = [];
  const { start } = await setUp(
    t,
    (_req, res) => void held.push(() => res.writeHead(held.length > 1 ? 200 : 500).end()),
  );
  const [atA, atB] = [await start(), await start()];
  const first = atA();
  await until(() => held[0]);
  assert.equal(await atB(), 409, 'nobody knows yet what becomes of the first');
  held[0]?.();
  assert.equal(await first, 500);
  let status = 409;
  const answers = until(async () => {
    status = await atB();
    return status !== 409;
  });
  await until(() => held[1]);
  held[1]?.();
  await answers;
  assert.equal(status, 200);
  assert.deepEqual([await atA(), await atB()], [409, 409]);
});

test(
  'what a silent Redis was asked is taken back: the delivery was refused, and may come again',
  needsRedis,
  async (t) => {
    const handler: StubHandler = (_req, res) => void res.writeHead(200).end();
    const { start, redis, service } = await setUp(t, handler, {
      own: { withoutRedis: 'refuse' },
      commandTimeoutMs: 75,
    });
    const send = await start();
    redis.freeze();
    assert.equal(await send(), 503);
    assert.equal(service.requests.length, 0);
    redis.thaw();
    await until(async () => (await send()) === 200);
    assert.equal(await send(), 409);
    assert.equal(service.requests.length, 1);
  },
);

test(
  'a name is taken for moments while its delivery is under way, and for its time once that has passed',
  needsRedis,
  async (t) => {
    const held: (() => void)[] = [];
    const { start, lifeMs } = await setUp(t, (_req, res) => void held.push(() => res.writeHead(200).end()));
    const send = await start();
    const first = send();
    await until(() => held[0]);
    const whileUnderWayMs = await lifeMs();
    assert.ok(
      whileUnderWayMs > 0 && whileUnderWayMs <= 4000,
      `a gateway that is killed holds it for ${whileUnderWayMs} ms`,
    );
    held[0]?.();
    assert.equal(await first, 200);
    await until(async () => (await lifeMs()) > 3_000_000);
    assert.equal(await send(), 409);
  },
);

test('a 2xx that breaks off is no delivery', async (t) => {
  let breaksOff = true;
  const service = await startService(t, (_req, res) => {
    if (!breaksOff) return void res.writeHead(200).end('done');
    res.writeHead(200, { 'content-length': '100' }).write('half');
    setImmediate(() => res.destroy());
  });
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'provider', webhookSecrets: [SIGNING_SECRET] }],
      routes: [{ prefix: '/', target: service.url, auth: { webhook: { provider: 'github', consumers: 'provider' } } }],
    },
  });
  const send = () => ask(`${gateway.url}/`, { method: 'POST', body: BODY, headers: signGitHub(BODY) });
  await assert.rejects(send());
  breaksOff = false;
  await until(async () => (await send()).status === 200);
  assert.equal((await send()).status, 409);
});
