import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { startService } from '../support/service.ts';

const KEY = createApiKey();
const APP = { name: 'app', plan: 'free', roles: ['reader'], keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] };
const PLANS = { free: {} };
const env = { JWT_SECRET: SECRET };
const sign = (claims: object) => jwt.sign({ sub: 'u1', ...claims }, SECRET, { expiresIn: 60 });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers, redirect: 'manual' });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

test('the service learns who calls, and never sees the credential', async (t) => {
  const service = await startService(t);
  const file = {
    consumers: [APP],
    plans: PLANS,
    routes: [
      { prefix: '/a', target: service.url },
      { prefix: '/b', target: service.url, forwardCredentials: true },
    ],
  };
  const gateway = await startGateway(t, { file, env });
  const headers = {
    'x-api-key': KEY,
    ...bearer(sign({ role: 'admin' })),
    'x-user-id': 'forged',
    'x-auth-method': 'forged',
  };
  assert.equal((await get(`${gateway.url}/a`, headers)).status, 200);
  const [seen] = service.requests;
  assert.equal(seen?.headers['x-user-id'], 'u1');
  assert.equal(seen?.headers['x-consumer-name'], 'app');
  assert.equal(seen?.headers['x-user-role'], 'admin,reader');
  assert.equal(seen?.headers['x-auth-method'], 'jwt+api-key');
  assert.equal(seen?.headers['x-api-key'], undefined);
  assert.equal(seen?.headers.authorization, undefined);
  assert.equal((await get(`${gateway.url}/b`, headers)).status, 200);
  assert.equal(service.requests[1]?.headers['x-api-key'], KEY);
});

test('a public route hands Authorization on, and takes nobody for anybody', async (t) => {
  const service = await startService(t);
  const file = { routes: [{ prefix: '/a', target: service.url, auth: 'none' }] };
  const gateway = await startGateway(t, { file, env });
  assert.equal((await get(`${gateway.url}/a`, { authorization: 'Basic dTpw', 'x-user-id': 'forged' })).status, 200);
  assert.equal(service.requests[0]?.headers.authorization, 'Basic dTpw');
  assert.equal(service.requests[0]?.headers['x-user-id'], undefined);
});

test('401, 403 and the fields that go with them arrive at the client as problems', async (t) => {
  const service = await startService(t);
  const routes = [{ prefix: '/a', target: service.url, authorize: { roles: ['admin'], scopes: ['write'] } }];
  const gateway = await startGateway(t, { file: { consumers: [APP], plans: PLANS, routes }, env });
  const nobody = await get(`${gateway.url}/a`);
  assert.deepEqual([nobody.status, nobody.body['code']], [401, 'unauthenticated']);
  assert.equal(nobody.headers.get('www-authenticate'), 'Bearer realm="turnpike", ApiKey realm="turnpike"');
  const reader = await get(`${gateway.url}/a`, { 'x-api-key': KEY });
  assert.deepEqual([reader.status, reader.body['code']], [403, 'forbidden']);
  const admin = await get(`${gateway.url}/a`, bearer(sign({ role: 'admin' })));
  assert.deepEqual([admin.status, admin.body['code']], [403, 'insufficient_scope']);
  assert.match(admin.headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="write"/);
  assert.equal((await get(`${gateway.url}/a`, bearer(sign({ role: 'admin', scope: 'write' })))).status, 200);
  assert.equal(service.requests.length, 1);
});

test('a revoked key is refused from the reload on', async (t) => {
  const service = await startService(t);
  const routes = [{ prefix: '/a', target: service.url }];
  const gateway = await startGateway(t, { file: { consumers: [APP], plans: PLANS, routes } });
  assert.equal((await get(`${gateway.url}/a`, { 'x-api-key': KEY })).status, 200);
  await gateway.reload({ consumers: [{ ...APP, keys: [] }], plans: PLANS, routes });
  assert.equal((await get(`${gateway.url}/a`, { 'x-api-key': KEY })).status, 401);
});

test('after twenty wrong credentials more of them are 429, and a valid one still passes', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { consumers: [APP], plans: PLANS, routes: [{ prefix: '/a', target: service.url }] },
  });
  const statuses: number[] = [];
  for (let i = 0; i < 25; i += 1)
    statuses.push((await get(`${gateway.url}/a`, { 'x-api-key': createApiKey() })).status);
  assert.deepEqual(statuses, [...Array(20).fill(401), ...Array(5).fill(429)]);
  const refused = await get(`${gateway.url}/a`, { 'x-api-key': 'wrong' });
  assert.equal(refused.body['code'], 'too_many_failures');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await get(`${gateway.url}/a`, { 'x-api-key': KEY })).status, 200);
  assert.equal((await get(`${gateway.url}/a`)).status, 401, 'no credential is no failed one');
});

test('an opaque token is asked about once, believed for a while, and its answer names the user', async (t) => {
  const service = await startService(t);
  const auth = await startService(t, (_req, res, { body, headers }) => {
    assert.equal(headers.authorization, `Basic ${Buffer.from('gateway:s%3Acret').toString('base64')}`);
    const active = new URLSearchParams(body.toString()).get('token') === 'good';
    res.end(JSON.stringify(active ? { active, sub: 'u7', scope: 'a b', role: 'admin' } : { active }));
  });
  const introspection = { url: `${auth.url}/introspect`, clientId: 'gateway', clientSecret: 's:cret' };
  const file = {
    introspection,
    routes: [{ prefix: '/a', target: service.url, auth: ['jwt', 'introspection'], authorize: { scopes: ['b'] } }],
  };
  const gateway = await startGateway(t, { file, env });
  const all = await Promise.all(Array.from({ length: 10 }, () => get(`${gateway.url}/a`, bearer('good'))));
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  assert.equal(auth.requests.length, 1);
  assert.equal(service.requests[0]?.headers['x-user-id'], 'u7');
  const bad = await get(`${gateway.url}/a`, bearer('bad'));
  assert.equal(bad.status, 401);
  assert.match(bad.headers.get('www-authenticate') ?? '', /^Bearer realm="turnpike", error="invalid_token"/);
  assert.equal((await get(`${gateway.url}/a`, bearer(sign({ scope: 'b' })))).status, 200, 'a JWT is verified here');
  assert.equal(auth.requests.length, 2);
  await auth.stop();
  assert.equal((await get(`${gateway.url}/a`, bearer('good'))).status, 200, 'what is remembered needs nobody');
  const unknown = await get(`${gateway.url}/a`, bearer('other'));
  assert.deepEqual([unknown.status, unknown.body['code']], [503, 'auth_unavailable']);
});

test('an auth service decides: 2xx passes with its identity, 401 and 403 refuse, what is no verdict is 503', async (t) => {
  const service = await startService(t);
  const auth = await startService(t, (_req, res, { headers }) => {
    const status = Number(headers.authorization?.slice('Test '.length) ?? 401);
    res.writeHead(status, { 'x-user-id': 'u9', 'x-user-role': 'a, b', 'x-tenant': 't1', location: '/elsewhere' }).end();
  });
  const scheme = {
    'forward-auth': { url: `${auth.url}/check`, copyHeaders: ['X-User-Id', 'X-User-Role', 'X-Tenant'] },
  };
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/a', target: service.url, auth: scheme }] } });
  const call = (status: number) =>
    get(`${gateway.url}/a/b?c=1`, { authorization: `Test ${status}`, 'x-tenant': 'forged' });
  assert.equal((await call(204)).status, 200);
  const headers = service.requests[0]?.headers ?? {};
  assert.deepEqual([headers['x-user-id'], headers['x-user-role'], headers['x-tenant']], ['u9', 'a,b', 't1']);
  assert.equal(headers.authorization, undefined);
  assert.equal(auth.requests[0]?.headers['x-forwarded-method'], 'GET');
  assert.equal(auth.requests[0]?.headers['x-forwarded-uri'], '/a/b?c=1');
  assert.deepEqual([(await call(401)).status, (await call(403)).status], [401, 403]);
  assert.deepEqual([(await call(500)).status, (await call(304)).status, (await call(404)).status], [503, 503, 503]);
  await auth.stop();
  const down = await call(204);
  assert.deepEqual([down.status, down.body['code']], [503, 'auth_unavailable']);
  assert.equal(service.requests.length, 1);
});

test('a password is checked against its scrypt hash; an unknown user is refused alike', async (t) => {
  const service = await startService(t);
  const consumers = [{ name: 'ops', roles: ['operator'], password: await hashPassword('correct horse') }];
  const gateway = await startGateway(t, {
    file: { consumers, routes: [{ prefix: '/a', target: service.url, auth: 'basic' }] },
  });
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  assert.equal((await get(`${gateway.url}/a`, basic('ops:correct horse'))).status, 200);
  assert.equal((await get(`${gateway.url}/a`, basic('ops:correct horse'))).status, 200);
  assert.equal(service.requests[1]?.headers['x-consumer-name'], 'ops');
  assert.equal(service.requests[1]?.headers.authorization, undefined);
  for (const wrong of ['ops:wrong', 'ops:', 'nobody:correct horse', 'ops', ':']) {
    const refused = await get(`${gateway.url}/a`, basic(wrong));
    assert.equal(refused.status, 401, wrong);
    assert.equal(refused.headers.get('www-authenticate'), 'Basic realm="turnpike", charset="UTF-8"');
  }
});

test('no secret of a run full of them is in the logs, the errors or the metrics', async (t) => {
  const service = await startService(t);
  const consumers = [APP];
  const routes = [{ prefix: '/a', target: service.url, auth: [{ 'api-key': { query: 'api_key' } }, 'jwt'] }];
  const gateway = await startGateway(t, {
    file: { consumers, plans: PLANS, routes },
    env,
    settings: { logLevel: 'debug' },
  });
  const token = sign({ role: 'admin' });
  const secrets = [KEY, token, 'wrong-key-0815', 'tok.en.0815', SECRET];
  const bodies: string[] = [];
  const calls: [string, Record<string, string>][] = [
    ['/a', { 'x-api-key': KEY }],
    [`/a?api_key=${KEY}`, {}],
    ['/a?api_key=wrong-key-0815', {}],
    ['/a', { 'x-api-key': 'wrong-key-0815' }],
    ['/a', bearer(token)],
    ['/a', bearer('tok.en.0815')],
    ['/missing', bearer(token)],
  ];
  for (const [path, headers] of calls) bodies.push(JSON.stringify((await get(`${gateway.url}${path}`, headers)).body));
  await gateway.line({ path: '/missing' });
  // What the stub echoes is the service's own answer: it may not have seen a credential either.
  const all = [...gateway.accessLines, ...gateway.messages, ...bodies, await gateway.metrics()].join('\n');
  for (const secret of secrets) assert.ok(!all.includes(secret), `${secret} was written somewhere`);
});
