import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';

const KEY = createApiKey();
const EXPIRES = '2999-01-01T00:00:00.000Z';
const CONSUMERS = [
  { name: 'app', plan: 'small', roles: ['reader'], keys: [{ id: 'k1', sha256: hashApiKey(KEY), expiresAt: EXPIRES }] },
];
const PLANS = { small: { rateLimits: [{ limit: 10, window: '1h' }] } };

test('a consumer can ask who it is and what it has left, and asking costs nothing', async (t) => {
  const service = await startService(t);
  const file = { consumers: CONSUMERS, plans: PLANS, routes: [{ prefix: '/', target: service.url }] };
  const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET } });
  const ask = (headers: Record<string, string>, method = 'GET') => fetch(`${gateway.url}/-/me`, { headers, method });
  await (await fetch(`${gateway.url}/x`, { headers: { 'x-api-key': KEY } })).arrayBuffer();
  for (let i = 0; i < 3; i += 1) {
    const me = (await (await ask({ 'x-api-key': KEY })).json()) as Record<string, unknown>;
    const { limits, ...rest } = me as { limits: { limit: number; remaining: number }[] };
    assert.deepEqual(rest, {
      consumer: 'app',
      user: null,
      authMethod: 'api-key',
      roles: ['reader'],
      scopes: [],
      credentialExpiresAt: EXPIRES,
      plan: 'small',
    });
    assert.deepEqual(
      limits.map(({ limit, remaining }) => [limit, remaining]),
      [[10, 9]],
    );
  }
  const token = jwt.sign({ sub: 'u1', scope: 'a' }, SECRET, { expiresIn: 60 });
  const user = (await (await ask({ authorization: `Bearer ${token}` })).json()) as Record<string, unknown>;
  assert.deepEqual([user['user'], user['consumer'], user['scopes']], ['u1', null, ['a']]);
  assert.equal(service.requests.length, 1);
});

test('what /-/me would answer is explained', async (t) => {
  const gateway = await startGateway(t, { file: { consumers: CONSUMERS, plans: PLANS, routes: [] } });
  const body = JSON.stringify({ url: `${gateway.url}/-/me`, headers: { 'x-api-key': KEY } });
  const response = await fetch(`${gateway.adminUrl}/explain`, { method: 'POST', body });
  const { outcome, caller, trace } = (await response.json()) as Explanation;
  assert.deepEqual([outcome, caller?.['consumer']], ['passes', 'app']);
  assert.ok(trace.some(({ decision }) => decision.includes('tells the caller who it is')));
});

test('nobody learns nothing at /-/me', async (t) => {
  const gateway = await startGateway(t, { file: { consumers: CONSUMERS, plans: PLANS, routes: [] } });
  const response = await fetch(`${gateway.url}/-/me`);
  assert.equal(response.status, 401);
  assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="turnpike", ApiKey realm="turnpike"');
  assert.equal((await fetch(`${gateway.url}/-/me`, { method: 'POST', headers: { 'x-api-key': KEY } })).status, 405);
});

test('where there are several issuers, the log and /-/me tell whose user it is; with one there is nothing to tell', async (t) => {
  const env = { JWT_SECRET: SECRET };
  const other = { issuer: 'https://partner.example/', audience: 'api', secret: `${SECRET} of the other` };
  const routes = [{ prefix: '/x', respond: { status: 204 } }];
  const gateway = await startGateway(t, { file: { issuers: [other], routes }, env });
  const sign = (claims: object, secret = SECRET) => jwt.sign({ sub: 'u1', ...claims }, secret, { expiresIn: 60 });
  const theirs = sign({ iss: other.issuer, aud: 'api' }, other.secret);
  for (const [token, issuer] of [
    [theirs, other.issuer],
    [sign({}), null],
  ] as const) {
    const headers = { authorization: `Bearer ${token}` };
    const me = (await (await fetch(`${gateway.url}/-/me`, { headers })).json()) as Record<string, unknown>;
    assert.deepEqual([me['user'], me['issuer']], ['u1', issuer]);
  }
  await fetch(`${gateway.url}/x`, { headers: { authorization: `Bearer ${theirs}` } });
  assert.equal((await gateway.line({ path: '/x', subject: 'u1' }))['issuer'], other.issuer);
  const alone = await startGateway(t, { file: { routes }, env: { ...env, JWT_ISSUER: 'https://login.example/' } });
  const headers = { authorization: `Bearer ${sign({ iss: 'https://login.example/' })}` };
  const me = (await (await fetch(`${alone.url}/-/me`, { headers })).json()) as Record<string, unknown>;
  assert.deepEqual([me['user'], 'issuer' in me], ['u1', false]);
  await fetch(`${alone.url}/x`, { headers });
  assert.ok(!('issuer' in (await alone.line({ path: '/x' }))));
});
