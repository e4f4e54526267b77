import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { revocationsKind } from '../../src/auth/revocations.ts';
import { runKey } from '../../src/cli/key.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

async function setUp(t: TestContext) {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t);
  const file = { consumerStore: 'redis', routes: [{ prefix: '/a', target: service.url }] };
  const env = { REDIS_URL: redis.url, JWT_SECRET: SECRET };
  const gateways = [await startGateway(t, { file, env }), await startGateway(t, { file, env })] as const;
  for (const { deps } of gateways) await until(() => deps.redis?.isUp);
  const key = async (...argv: string[]) => {
    const out: string[] = [];
    const io = { env, out: (text: string) => void out.push(text), err: (text: string) => void out.push(text) };
    assert.equal(await runKey([...argv, '--redis'], io), 0, out.join(''));
    return out.join('');
  };
  return { redis, service, gateways, key };
}

async function call(gateway: TestGateway, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${gateway.url}/a`, { headers });
  await response.arrayBuffer();
  return response.status;
}

test(
  'keys in Redis are made, seen by every gateway, listed with their last use, and revoked within a second',
  needsRedis,
  async (t) => {
    const { gateways, key, service } = await setUp(t);
    const secret = (await key('create', '--consumer', 'app', '--roles', 'reader', '--plan', 'pro')).split(
      '\n',
    )[0] as string;
    for (const gateway of gateways) assert.equal(await call(gateway, { 'x-api-key': secret }), 200);
    assert.equal(service.requests[0]?.headers['x-consumer-name'], 'app');
    assert.equal(service.requests[0]?.headers['x-user-role'], 'reader');
    const used = await until(async () => /app +k1 +pro +never +valid +(\S+T\S+)/.exec(await key('list'))?.[1]);
    assert.ok(Math.abs(Date.parse(used) - Date.now()) < 60_000);
    const rotated = (await key('rotate', '--consumer', 'app', '--overlap', '1h')).split('\n')[0] as string;
    for (const gateway of gateways) assert.equal(await call(gateway, { 'x-api-key': rotated }), 200);
    await key('revoke', '--consumer', 'app', '--id', 'k1');
    const revokedAtMs = performance.now();
    for (const gateway of gateways) {
      await until(async () => (await call(gateway, { 'x-api-key': secret })) === 401);
      assert.equal(await call(gateway, { 'x-api-key': rotated }), 200);
    }
    assert.ok(performance.now() - revokedAtMs < 2500, 'a second of memory, and time for the calls');
  },
);

test('while Redis is frozen a known key goes on, and an unknown one is 503, not 401', needsRedis, async (t) => {
  const { gateways, key, redis } = await setUp(t);
  const [gateway] = gateways;
  const secret = (await key('create', '--consumer', 'app')).split('\n')[0] as string;
  const other = (await key('create', '--consumer', 'app')).split('\n')[0] as string;
  assert.equal(await call(gateway, { 'x-api-key': secret }), 200);
  redis.freeze();
  await until(async () => (await call(gateway, { 'x-api-key': other })) === 503);
  // Longer than an answer is believed without asking: from here on it is the memory of a while ago that serves.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await call(gateway, { 'x-api-key': secret }), 200);
  redis.thaw();
  await until(async () => (await call(gateway, { 'x-api-key': other })) === 200, { timeoutMs: 15_000 });
});

test('a token revoked on one gateway is refused by the others, and by one that starts later', needsRedis, async (t) => {
  const { gateways, redis, service } = await setUp(t);
  const token = jwt.sign({ sub: 'u1', jti: 'token-1' }, SECRET, { expiresIn: 600 });
  const headers = { authorization: `Bearer ${token}` };
  for (const gateway of gateways) assert.equal(await call(gateway, headers), 200);
  const [list] = gateways[0].deps.pool.list(revocationsKind);
  assert.equal(list?.revoke('token-1', Date.now() + 600_000), true);
  assert.equal(await call(gateways[0], headers), 401);
  await until(async () => (await call(gateways[1], headers)) === 401);
  const file = { routes: [{ prefix: '/a', target: service.url }] };
  const late = await startGateway(t, { file, env: { REDIS_URL: redis.url, JWT_SECRET: SECRET } });
  assert.equal(await call(late, headers), 401, 'from its first answer on');
});

test('a token revoked while Redis is away is refused by all gateways when it is back', needsRedis, async (t) => {
  const { gateways, redis } = await setUp(t);
  const [one, two] = gateways;
  const headers = { authorization: `Bearer ${jwt.sign({ sub: 'u1', jti: 'token-2' }, SECRET, { expiresIn: 600 })}` };
  redis.freeze();
  const revoked = await fetch(`${one.adminUrl}/revoked-tokens/token-2?for=1h`, { method: 'POST' });
  assert.equal(revoked.status, 200);
  assert.equal(await call(one, headers), 401);
  await until(() => one.deps.redis?.isUp === false);
  await redis.kill();
  await redis.start();
  await until(async () => (await call(two, headers)) === 401, { timeoutMs: 15_000 });
});
