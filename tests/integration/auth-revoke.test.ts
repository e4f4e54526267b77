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
  gateway.reload({ routes: [{ prefix: '/b', target: service.url }, ...file.routes] });
  assert.equal(await call(), 401);
});
