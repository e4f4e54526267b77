import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';

test('an operator takes a token back by its jti, and it stays taken back over a reload', async (t) => {
  const service = await startService(t);
  const file = { routes: [{ prefix: '/a', target: service.url }] };
  const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET } });
  const token = jwt.sign({ sub: 'u1', jti: 'a/b' }, SECRET, { expiresIn: 600 });
  const call = async () => (await fetch(`${gateway.url}/a`, { headers: { authorization: `Bearer ${token}` } })).status;
  const revoke = (jti: string, method = 'POST') => fetch(`${gateway.adminUrl}/revoked-tokens/${jti}`, { method });
  assert.equal(await call(), 200);
  assert.equal((await revoke(encodeURIComponent('a/b'), 'GET')).status, 405);
  assert.equal((await revoke('')).status, 422);
  assert.equal((await revoke('%zz')).status, 422);
  assert.equal((await revoke(encodeURIComponent('a/b'))).status, 200);
  assert.equal(await call(), 401);
  await gateway.reload({ routes: [{ prefix: '/b', target: service.url }, ...file.routes] });
  assert.equal(await call(), 401);
});

test('how long a revocation is kept can be told, by the exp of the token or as a time', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] }, env: { JWT_SECRET: SECRET } });
  const revoke = async (query: string) => {
    const response = await fetch(`${gateway.adminUrl}/revoked-tokens/t1${query}`, { method: 'POST' });
    const { until } = (await response.json()) as { until?: string };
    return { status: response.status, hours: until && Math.round((Date.parse(until) - Date.now()) / 3_600_000) };
  };
  const exp = Math.floor(Date.now() / 1000) + 5 * 3600;
  assert.deepEqual(await revoke(''), { status: 200, hours: 30 * 24 });
  assert.deepEqual(await revoke('?for=2h'), { status: 200, hours: 2 });
  assert.deepEqual(await revoke(`?exp=${exp}`), { status: 200, hours: 5 });
  for (const query of [
    '?for=2',
    '?for=',
    '?exp=soon',
    '?exp=1',
    `?exp=${exp}&for=2h`,
    '?for=9999d',
    '?exp=999999999999',
  ])
    assert.equal((await revoke(query)).status, 422, query);
});
