import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

test('a token that was taken back is so at a gateway that starts after Redis was emptied', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const routes = [{ prefix: '/a', auth: 'jwt', respond: { status: 204 } }];
  const env = { REDIS_URL: redis.url, JWT_SECRET: SECRET };
  const token = jwt.sign({ sub: 'u1', jti: 'stolen-1' }, SECRET, { expiresIn: 600 });
  const headers = { authorization: `Bearer ${token}` };
  const first = await startGateway(t, { file: { routes }, env });
  assert.equal((await ask(`${first.url}/a`, { headers })).status, 204);
  const revoked = await ask(`${first.adminUrl}/revoked-tokens/stolen-1?for=2h`, { method: 'POST' });
  assert.equal(revoked.status, 200);
  assert.equal((await ask(`${first.url}/a`, { headers })).status, 401);

  await redis.kill();
  await until(async () => /limiter_store_up 0/.test(await first.metrics()));
  await redis.start();
  await until(async () => /limiter_store_up 1/.test(await first.metrics()));
  const second = await startGateway(t, { file: { routes }, env });
  await until(async () => (await ask(`${second.url}/a`, { headers })).status === 401, { timeoutMs: 3000 });
  assert.equal((await ask(`${first.url}/a`, { headers })).status, 401);
});
