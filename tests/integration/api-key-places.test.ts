import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { hashPassword } from '../../src/auth/password.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const KEY = createApiKey();
const BROUGHT = 'sk-a-key-that-was-brought-along';
const keys = [KEY, BROUGHT].map((key, at) => ({ id: `k${at}`, sha256: hashApiKey(key) }));
const TOKEN = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: 60 });
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

async function setUp(t: TestContext, auth: unknown, route: object = {}) {
  const service = await startService(t);
  const consumers = [{ name: 'app', keys, password: await hashPassword('right') }];
  const file = { consumers, routes: [{ prefix: '/a', target: service.url, auth, ...route }] };
  const gateway = await startGateway(t, { file, env: { JWT_SECRET: SECRET } });
  const call = async (headers: Record<string, string | string[]> = {}) => {
    const { status, json } = await ask(`${gateway.url}/a`, { headers });
    return status === 200 ? 'ok' : `${status} ${json.detail}`;
  };
  return { service, gateway, call };
}

test('a key comes as a bearer where the route says so, and goes no further', async (t) => {
  const { call, service } = await setUp(t, { 'api-key': { header: 'Authorization' } });
  for (const headers of [bearer(KEY), bearer(BROUGHT), { authorization: `bearer  ${KEY}` }, { 'x-api-key': KEY }]) {
    assert.equal(await call(headers), 'ok');
  }
  for (const { headers } of service.requests) {
    assert.deepEqual([headers['x-consumer-name'], headers['x-auth-method']], ['app', 'api-key']);
    assert.deepEqual([headers.authorization, headers['x-api-key']], [undefined, undefined]);
  }
  assert.match(await call(bearer(createApiKey())), /^401 The API key is not known/);
  assert.match(await call({ ...bearer(KEY), 'x-api-key': KEY }), /^401 More than one API key/);
  assert.match(await call({ authorization: [`Bearer ${KEY}`, `Bearer ${KEY}`] }), /^401 More than one Authorization/);
  assert.match(await call({ authorization: 'Bearer' }), /^401 /);
  assert.equal(service.requests.length, 4);
});

test('a key comes in another field, and forwardCredentials sends it on', async (t) => {
  const { call, service } = await setUp(t, { 'api-key': { header: 'api-key', query: 'key' } });
  assert.equal(await call({ 'api-key': KEY }), 'ok');
  assert.equal(service.requests[0]?.headers['api-key'], undefined);
  assert.match(await call({ 'api-key': KEY, 'x-api-key': KEY }), /^401 More than one API key/);
  assert.match(await call({ 'api-key': [KEY, KEY] }), /^401 More than one API key/);
  const open = await setUp(t, { 'api-key': { header: 'api-key' } }, { forwardCredentials: true });
  assert.equal(await open.call({ 'api-key': KEY }), 'ok');
  assert.equal(open.service.requests[0]?.headers['api-key'], KEY);
});

test('beside tokens, what looks like a JWT is a token and the rest a key', async (t) => {
  for (const auth of [
    ['jwt', { 'api-key': { header: 'authorization' } }],
    [{ 'api-key': { header: 'authorization' } }, 'jwt'],
  ]) {
    const { call, service } = await setUp(t, auth);
    assert.equal(await call(bearer(TOKEN)), 'ok');
    assert.equal(await call(bearer(BROUGHT)), 'ok');
    assert.deepEqual(
      service.requests.map(({ headers }) => headers['x-auth-method']),
      ['jwt', 'api-key'],
    );
    assert.match(await call(bearer('nonsense')), /^401 The API key is not known/);
    assert.match(await call(bearer('a.b.c')), /^401 The token is malformed/);
  }
});

test('two that would read the same bearer refuse the file', async (t) => {
  const introspection = { url: 'https://login.example/', clientId: 'gateway', clientSecret: 'secret' };
  const routes = [
    { prefix: '/a', respond: { status: 204 }, auth: ['introspection', { 'api-key': { header: 'authorization' } }] },
  ];
  await assert.rejects(startGateway(t, { file: { introspection, routes } }), /both take a bearer that is no JWT/);
});

test('a route that takes keys alone is not disturbed by an Authorization, nor is its service', async (t) => {
  const { call, service } = await setUp(t, 'api-key');
  for (const authorization of ['Basic dTpw', `Bearer ${TOKEN}`])
    assert.equal(await call({ 'x-api-key': KEY, authorization }), 'ok');
  for (const { headers } of service.requests) assert.equal(headers.authorization, undefined);
  const open = await setUp(t, 'api-key', { forwardCredentials: true });
  assert.equal(await open.call({ 'x-api-key': KEY, authorization: 'Basic dTpw' }), 'ok');
  assert.equal(open.service.requests[0]?.headers.authorization, 'Basic dTpw');
});

test('an opaque text in the place of a token is a wrong token, not a key or nothing', async (t) => {
  const any = [{ jwt: { cookie: 'session' } }, { 'api-key': { header: 'authorization' } }];
  const { call } = await setUp(t, { any, optional: true });
  assert.match(await call({ cookie: `session=${BROUGHT}` }), /^401 The token is malformed/);
  assert.equal(await call(bearer(BROUGHT)), 'ok');
});
