import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway } from '../support/gateway.ts';
import { BROUGHT, bearer, KEY, startForCaller, TOKEN } from '../support/one-caller.ts';

test('a key comes as a bearer where the route says so, and goes no further', async (t) => {
  const { call, service } = await startForCaller(t, { 'api-key': { header: 'Authorization' } });
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
  const { call, service } = await startForCaller(t, { 'api-key': { header: 'api-key', query: 'key' } });
  assert.equal(await call({ 'api-key': KEY }), 'ok');
  assert.equal(service.requests[0]?.headers['api-key'], undefined);
  assert.match(await call({ 'api-key': KEY, 'x-api-key': KEY }), /^401 More than one API key/);
  assert.match(await call({ 'api-key': [KEY, KEY] }), /^401 More than one API key/);
  const open = await startForCaller(t, { 'api-key': { header: 'api-key' } }, { forwardCredentials: true });
  assert.equal(await open.call({ 'api-key': KEY }), 'ok');
  assert.equal(open.service.requests[0]?.headers['api-key'], KEY);
});

test('beside tokens, what looks like a JWT is a token and the rest a key', async (t) => {
  for (const auth of [
    ['jwt', { 'api-key': { header: 'authorization' } }],
    [{ 'api-key': { header: 'authorization' } }, 'jwt'],
  ]) {
    const { call, service } = await startForCaller(t, auth);
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
  const { call, service } = await startForCaller(t, 'api-key');
  for (const authorization of ['Basic dTpw', `Bearer ${TOKEN}`])
    assert.equal(await call({ 'x-api-key': KEY, authorization }), 'ok');
  for (const { headers } of service.requests) assert.equal(headers.authorization, undefined);
  const open = await startForCaller(t, 'api-key', { forwardCredentials: true });
  assert.equal(await open.call({ 'x-api-key': KEY, authorization: 'Basic dTpw' }), 'ok');
  assert.equal(open.service.requests[0]?.headers.authorization, 'Basic dTpw');
});

test('an opaque text in the place of a token is a wrong token, not a key or nothing', async (t) => {
  const any = [{ jwt: { cookie: 'session' } }, { 'api-key': { header: 'authorization' } }];
  const { call } = await startForCaller(t, { any, optional: true });
  assert.match(await call({ cookie: `session=${BROUGHT}` }), /^401 The token is malformed/);
  assert.equal(await call(bearer(BROUGHT)), 'ok');
});
