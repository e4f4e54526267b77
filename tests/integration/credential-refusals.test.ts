import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

test('a key that was good once is told from a guess, and from a token that has run out', async (t) => {
  const service = await startService(t);
  const expired = createApiKey();
  const gateway = await startGateway(t, {
    file: {
      consumers: [
        { name: 'big-customer', keys: [{ id: 'k1', sha256: hashApiKey(expired), expiresAt: '2026-01-01T00:00:00Z' }] },
      ],
      routes: [
        { prefix: '/a', target: service.url, auth: ['api-key', 'jwt'] },
        { prefix: '/b', target: service.url, auth: 'api-key', shadow: ['authenticate'] },
      ],
    },
    env: { JWT_SECRET: SECRET },
  });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const call = async (headers: Record<string, string>, place = '/a') =>
    (await ask(gateway.url + place, { headers })).status;
  const seen = async () =>
    [
      ...(await gateway.metrics()).matchAll(
        /^turnpike_credential_refusals_total\{route="(\/.)",reason="(\w+)"\} (\d+)$/gm,
      ),
    ].map(([, route, reason, count]) => `${route} ${reason} ${count}`);
  assert.deepEqual(await seen(), ['/a expired_key 0', '/b expired_key 0']);

  const past = Math.floor(Date.now() / 1000) - 3600;
  assert.equal(await call({ 'x-api-key': expired }), 401);
  assert.equal(await call({ 'x-api-key': createApiKey() }), 401);
  assert.equal(await call(bearer(jwt.sign({ sub: 'u', exp: past }, SECRET))), 401);
  assert.equal(await call(bearer('nonsense')), 401);
  // Nothing sent is no credential; and what is only tried out is told all the same.
  assert.equal(await call({}), 401);
  assert.equal(await call({ 'x-api-key': expired }, '/b'), 200);
  assert.deepEqual(await seen(), [
    '/a expired_key 1',
    '/a unknown 1',
    '/a expired_token 1',
    '/a invalid 1',
    '/b expired_key 1',
  ]);
  const line = await gateway.line({ path: '/a', status: 401 });
  assert.match(String(line['detail']), /it is "k1" of consumer "big-customer", since 2026-01-01/);
});
