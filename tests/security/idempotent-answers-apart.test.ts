import assert from 'node:assert/strict';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import type { Answer } from '../support/http.ts';
import { post } from '../support/idempotency.ts';
import { startService } from '../support/service.ts';

const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';
const [A, B, A2] = [createApiKey(), createApiKey(), createApiKey()];
const consumers = [
  { name: 'a', keys: [A, A2].map((key, index) => ({ id: `k${index}`, sha256: hashApiKey(key) })) },
  { name: 'b', keys: [{ id: 'k1', sha256: hashApiKey(B) }] },
];

/** Tells who it was asked by. */
async function start(t: Parameters<typeof startService>[0], cookie?: string) {
  let calls = 0;
  const service = await startService(t, (_req, res, { headers }) => {
    const fields = cookie === undefined ? {} : { 'set-cookie': cookie };
    res
      .writeHead(200, fields)
      .end(`${++calls} ${headers['x-consumer-name']} ${headers.cookie} ${headers.authorization}`);
  });
  const routes = [
    { prefix: '/keys', target: service.url, auth: 'api-key', idempotency: true },
    { prefix: '/open', target: service.url, auth: 'none', idempotency: true },
  ];
  const gateway = await startGateway(t, { file: { consumers, routes }, env: { TRUST_PROXY: '127.0.0.1' } });
  return { service, gateway };
}

const ISSUERS = [
  { issuer: 'https://a.example/', secret: SECRET },
  { issuer: 'https://b.example/', secret: SECRET.toUpperCase() },
];

function token(claims: object, issuer = 0): { authorization: string } {
  const { issuer: iss, secret } = ISSUERS[issuer] as (typeof ISSUERS)[0];
  return { authorization: `Bearer ${jwt.sign({ iss, ...claims }, secret, { expiresIn: 600 })}` };
}

/** Each asks twice, from one address: the first time all run, the second time each gets its own again. */
async function assertApart(url: string, callers: readonly Record<string, string>[]) {
  const all = async () => {
    const texts: string[] = [];
    for (const headers of callers) texts.push((await post(url, KEY, { headers })).text);
    return texts;
  };
  const first = await all();
  assert.equal(new Set(first).size, callers.length);
  assert.deepEqual(await all(), first);
}

const isReplayed = ({ headers }: Answer) => headers['idempotency-replayed'] === 'true';

test('a key of one consumer is nothing to another, and survives a change of credentials', async (t) => {
  const { gateway } = await start(t);
  const as = (key: string) => post(`${gateway.url}/keys`, KEY, { headers: { 'x-api-key': key } });
  assert.equal((await as(A)).text, '1 a undefined undefined');
  const other = await as(B);
  assert.deepEqual([other.text, isReplayed(other)], ['2 b undefined undefined', false]);
  const again = await as(A2);
  assert.deepEqual([again.text, isReplayed(again)], ['1 a undefined undefined', true]);
  const nobody = await post(`${gateway.url}/keys`, KEY);
  assert.equal(nobody.status, 401, 'what refuses a caller refuses it here too');
});

test('callers without a proof are told apart by address, and by what they tell the service', async (t) => {
  const { gateway } = await start(t);
  const call = (headers: Record<string, string>) => post(`${gateway.url}/open`, KEY, { headers });
  assert.equal((await call({ 'x-forwarded-for': '192.0.2.1', cookie: 's=1' })).text, '1 undefined s=1 undefined');
  assert.equal((await call({ 'x-forwarded-for': '192.0.2.2', cookie: 's=1' })).text, '2 undefined s=1 undefined');
  for (const headers of [{ cookie: 's=2' }, {}, { cookie: 's=1', authorization: 'Bearer x' }]) {
    const { status, json } = await call({ 'x-forwarded-for': '192.0.2.1', ...(headers as Record<string, string>) });
    assert.deepEqual([status, json.code], [422, 'idempotency_mismatch']);
  }
  assert.ok(isReplayed(await call({ 'x-forwarded-for': '192.0.2.1', cookie: 's=1' })));
});

test('with one key and another cookie a consumer of many people gets none of their answers', async (t) => {
  const { gateway } = await start(t);
  const as = (cookie: string) => post(`${gateway.url}/keys`, KEY, { headers: { 'x-api-key': A, cookie } });
  assert.equal((await as('s=1')).status, 200);
  assert.equal((await as('s=2')).json.code, 'idempotency_mismatch');
});

test('a cookie of the service is given again to a proven caller alone', async (t) => {
  const { gateway, service } = await start(t, 'session=1');
  for (const expected of [false, true]) {
    const answer = await post(`${gateway.url}/keys`, KEY, { headers: { 'x-api-key': A } });
    assert.deepEqual([isReplayed(answer), answer.headers['set-cookie']], [expected, ['session=1']]);
  }
  assert.deepEqual((await post(`${gateway.url}/open`, KEY)).headers['set-cookie'], ['session=1']);
  const second = await post(`${gateway.url}/open`, KEY);
  assert.deepEqual([second.json.code, second.headers['set-cookie']], ['idempotency_unknown', undefined]);
  assert.equal(service.requests.length, 2);
});

test('the limits of a route hold for answers that are given again', async (t) => {
  const service = await startService(t);
  const rateLimits = [{ limit: 2, window: '1h' }];
  const routes = [{ prefix: '/', target: service.url, auth: 'none', idempotency: true, rateLimits }];
  const gateway = await startGateway(t, { file: { routes } });
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await post(gateway.url, KEY)).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});

test('holders of tokens without a user share nothing: neither with each other nor with who has no token', async (t) => {
  const { service } = await start(t);
  const routes = [
    { prefix: '/must', target: service.url, auth: 'jwt', idempotency: true },
    { prefix: '/may', target: service.url, auth: { any: ['jwt'], optional: true }, idempotency: true },
  ];
  const gateway = await startGateway(t, { file: { issuers: ISSUERS, routes } });
  const holders = [
    token({}),
    token({}, 1),
    token({ roles: ['admin'] }),
    token({ sub: '' }),
    token({ sub: '' }, 1),
    token({ sub: '', roles: ['admin'] }),
    token({ org: 'a' }),
    token({ sub: 'u' }),
  ];
  await assertApart(`${gateway.url}/must`, holders);
  await assertApart(`${gateway.url}/may`, [{}, ...holders]);
});

test('with another key of the service, or for another host, nobody gets an answer of somebody else', async (t) => {
  const { gateway } = await start(t);
  const call = (headers: Record<string, string>) => post(`${gateway.url}/open`, KEY, { headers });
  assert.equal((await call({ 'x-api-key': 'a', host: 'a.example' })).status, 200);
  for (const headers of [
    { 'x-api-key': 'b', host: 'a.example' },
    { host: 'a.example' },
    { 'x-api-key': 'a', host: 'b.example' },
    { 'x-api-key': 'a', host: 'a.example', 'x-session-token': 's' },
    { 'x-api-key': 'a', host: 'a.example', 'x-forwarded-host': 'b.example' },
  ]) {
    const { status, json } = await call(headers as unknown as Record<string, string>);
    assert.deepEqual([status, json.code], [422, 'idempotency_mismatch'], JSON.stringify(headers));
  }
  assert.ok(isReplayed(await call({ 'x-api-key': 'a', host: 'a.example' })));
});
