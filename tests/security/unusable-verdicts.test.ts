import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

/** Auth servers that answer what can't be used: nobody passes for that reason, and least of all as nobody. */

const UNAVAILABLE = [503, 'auth_unavailable'];

test('fields that frame a message or are of one hop can not be copied from a verdict', async (t) => {
  const load = (options: object) => {
    const auth = { 'forward-auth': { url: 'http://auth.test/', ...options } };
    return startGateway(t, { file: { routes: [{ prefix: '/a', respond: { status: 204 }, auth }] } });
  };
  for (const name of [
    'Content-Length',
    'transfer-encoding',
    'Connection',
    'TE',
    'Upgrade',
    'Host',
    'Expect',
    'Trailer',
  ]) {
    await assert.rejects(load({ copyHeaders: ['x-user-id', name] }), new RegExp(`"${name}" `, 'i'), name);
    await assert.rejects(load({ requestHeaders: [name] }), new RegExp(`"${name}" `, 'i'), name);
  }
  for (const name of ['X-Auth-Method', 'X-Consumer-Name', 'X-User-Issuer', 'X-Request-Id', 'X-Forwarded-For']) {
    await assert.rejects(load({ copyHeaders: [name] }), new RegExp(`"${name}" is set by the gateway`, 'i'), name);
  }
  await load({ copyHeaders: ['x-user-id', 'x-tenant', 'remote-user', 'x-auth-request-user'] });
});

async function startVerdict(t: TestContext, fields: Record<string, string>) {
  const service = await startService(t);
  const decides = await startService(t, (_req, res) => {
    res.writeHead(200, fields);
    res.end();
  });
  const auth = { 'forward-auth': { url: decides.url, copyHeaders: ['x-user-id', 'x-user-role', 'x-tenant'] } };
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/a', target: service.url, auth }] } });
  const { status, json } = await ask(`${gateway.url}/a`);
  return { seen: [status, json.code], reached: service.requests.length };
}

test('a verdict with a field that is too long or no visible text lets nobody pass', async (t) => {
  for (const fields of [
    { 'x-user-id': 'u'.repeat(12 * 1024) },
    { 'x-user-id': 'u1', 'x-tenant': 't'.repeat(12 * 1024) },
    { 'x-user-role': 'r'.repeat(12 * 1024) },
    { 'x-user-id': 'M\xfcller' },
  ]) {
    assert.deepEqual(await startVerdict(t, fields), { seen: UNAVAILABLE, reached: 0 }, Object.keys(fields).join());
  }
  assert.deepEqual(await startVerdict(t, { 'x-user-id': 'u1' }), { seen: [200, undefined], reached: 1 });
});

async function askWith(t: TestContext, answer: object) {
  const service = await startService(t);
  const auth = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(answer));
  });
  const introspection = { url: `${auth.url}/introspect`, clientId: 'gateway', clientSecret: 's' };
  const routes = [{ prefix: '/a', target: service.url, auth: 'introspection' }];
  const gateway = await startGateway(t, { file: { introspection, routes } });
  const { status, json } = await ask(`${gateway.url}/a`, { headers: { authorization: 'Bearer opaque' } });
  return [status, json.code];
}

test('times in an introspection count also where they are written as texts', async (t) => {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const active = { active: true, sub: 'u1' };
  assert.deepEqual(await askWith(t, { ...active, exp: String(nowSeconds + 60) }), [200, undefined]);
  assert.deepEqual(await askWith(t, { ...active, exp: String(nowSeconds - 60) }), [401, 'invalid_credential']);
  assert.deepEqual(await askWith(t, { ...active, nbf: String(nowSeconds + 60) }), [401, 'invalid_credential']);
  for (const exp of ['tomorrow', '', true, [nowSeconds + 60], { at: nowSeconds }]) {
    assert.deepEqual(await askWith(t, { ...active, exp }), UNAVAILABLE, JSON.stringify(exp));
  }
  assert.deepEqual(await askWith(t, { ...active, exp: null }), [200, undefined], 'none');
});
