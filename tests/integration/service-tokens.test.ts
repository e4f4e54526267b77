import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { pemOf, SECRET } from '../support/auth.ts';
import { startCached } from '../support/cache.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const KEY = createApiKey();
const CALLERS = {
  plans: { gold: {} },
  consumers: [{ name: 'app', plan: 'gold', roles: ['admin', 'ops'], keys: [{ id: '1', sha256: hashApiKey(KEY) }] }],
  issuers: [{ issuer: 'https://login.example', audience: 'api', secret: SECRET }],
};
const JWKS = '/.well-known/jwks.json';
const userToken = (claims: object, expiresIn = 600) =>
  jwt.sign({ iss: 'https://login.example', aud: 'api', ...claims }, SECRET, { expiresIn });

async function start(t: TestContext, token: object, serviceTokens?: object) {
  const service = await startService(t);
  const routes = [
    { prefix: '/orders', service: 'orders', auth: { any: ['jwt', 'api-key'], optional: true } },
    { prefix: '/plain', target: service.url, auth: 'none' },
  ];
  const services = { orders: { targets: [service.url], serviceAuth: { token: { audience: 'orders', ...token } } } };
  const file = { ...CALLERS, services, routes, ...(serviceTokens && { serviceTokens }) };
  return { gateway: await startGateway(t, { file }), file, service };
}

/** Verified by a library, with the key that the gateway publishes under the token's own name for it. */
async function verify(gateway: TestGateway, token: string): Promise<jwt.JwtPayload> {
  const set = await ask(gateway.url + JWKS);
  assert.equal(set.status, 200);
  const { kid } = jwt.decode(token, { complete: true })?.header ?? {};
  const keys = set.json.keys as (JsonWebKey & { kid: string })[];
  const jwk = keys.find((key) => key.kid === kid);
  assert.ok(jwk !== undefined, `no key ${kid}`);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return jwt.verify(token, key, { algorithms: ['ES256'], issuer: 'turnpike', audience: 'orders' }) as jwt.JwtPayload;
}

async function tokenOf(gateway: TestGateway, headers: Record<string, string> = {}, path = '/orders'): Promise<string> {
  const { json } = await ask(gateway.url + path, { headers });
  return String(json.headers.authorization).replace('Bearer ', '');
}

test('a token says who calls, and verifies against the published keys', async (t) => {
  const { gateway } = await start(t, {});
  const claims = await verify(gateway, await tokenOf(gateway, { 'x-api-key': KEY }));
  const { consumer, roles, plan, auth_method: method, sub, jti, iat, exp } = claims;
  assert.deepEqual([consumer, roles, plan, method, sub], ['app', ['admin', 'ops'], 'gold', 'api-key', undefined]);
  assert.match(String(jti), /^[0-9a-f]{32}$/);
  assert.equal(Number(exp) - Number(iat), 60);
  const user = userToken({ sub: 'u1', scope: 'read write' });
  const ofUser = await verify(gateway, await tokenOf(gateway, { authorization: `Bearer ${user}` }));
  assert.deepEqual([ofUser.sub, ofUser['scope'], ofUser['consumer']], ['u1', 'read write', undefined]);
  const nobody = await verify(gateway, await tokenOf(gateway));
  assert.deepEqual([nobody.sub, nobody['consumer'], nobody['roles']], [undefined, undefined, undefined]);
});

test('what is published is public alone, and only where a token is sent', async (t) => {
  const { gateway, service } = await start(t, {});
  const set = await ask(gateway.url + JWKS);
  assert.equal(set.headers['content-type'], 'application/jwk-set+json');
  assert.match(String(set.headers['cache-control']), /max-age=60/);
  for (const key of set.json.keys)
    assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  assert.equal(set.json.keys.length, 2, 'the next key is there before it signs');
  await gateway.reload({ routes: [{ prefix: '/plain', target: service.url, auth: 'none' }] });
  assert.equal((await ask(gateway.url + JWKS)).status, 404);
});

test('a caller has one token for a while, another caller has another, and one for each request where that is asked for', async (t) => {
  const { gateway } = await start(t, {});
  const headers = { 'x-api-key': KEY };
  const first = await tokenOf(gateway, headers);
  assert.equal(await tokenOf(gateway, headers), first);
  assert.notEqual(await tokenOf(gateway), first);
  const each = await start(t, { perRequest: true });
  const [one, two] = [await tokenOf(each.gateway, headers), await tokenOf(each.gateway, headers)];
  assert.notEqual(one, two);
  const claims = await verify(each.gateway, two);
  assert.match(String(claims['request_id']), /^[\w.-]{8,}$/);
});

test('it is good no longer than what the caller has shown', async (t) => {
  const { gateway } = await start(t, { ttl: '1h' });
  const user = userToken({ sub: 'u1' }, 120);
  const { exp } = await verify(gateway, await tokenOf(gateway, { authorization: `Bearer ${user}` }));
  assert.equal(exp, (jwt.decode(user) as jwt.JwtPayload).exp);
});

test('a client can send none in its place, in whatever field it goes', async (t) => {
  const { gateway } = await start(t, { header: 'X-Caller-Token' });
  const { json } = await ask(`${gateway.url}/orders`, { headers: { 'x-caller-token': 'forged', 'x-api-key': KEY } });
  const claims = await verify(gateway, json.headers['x-caller-token']);
  assert.equal(claims['consumer'], 'app');
});

test('a gateway behind takes the tokens as those of any issuer, ES256 and Ed25519', async (t) => {
  for (const algorithm of ['ES256', 'EdDSA']) {
    const { gateway, service } = await start(t, {}, { algorithm });
    const behind = await startGateway(t, {
      file: {
        issuers: [{ issuer: 'turnpike', audience: 'orders', jwks: gateway.url + JWKS }],
        routes: [{ prefix: '/', target: service.url, auth: 'jwt', forwardCredentials: true }],
      },
    });
    const user = userToken({ sub: 'u7' });
    const token = await tokenOf(gateway, { authorization: `Bearer ${user}` });
    const { status, json } = await ask(behind.url, { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual([algorithm, status, json.headers['x-user-id']], [algorithm, 200, 'u7']);
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    assert.equal((await ask(behind.url, { headers: { authorization: `Bearer ${forged}` } })).status, 401);
  }
});

test('a key of the file signs, and stays published when another takes its place', async (t) => {
  const [old, next] = [0, 1].map(() => pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
  const { gateway, file } = await start(t, {}, { key: old });
  const before = await tokenOf(gateway);
  await verify(gateway, before);
  assert.equal((await ask(gateway.url + JWKS)).json.keys.length, 1);
  await gateway.reload({ ...file, serviceTokens: { key: [next, old] } });
  const after = await tokenOf(gateway);
  assert.notEqual(
    jwt.decode(after, { complete: true })?.header.kid,
    jwt.decode(before, { complete: true })?.header.kid,
  );
  await verify(gateway, after);
  await gateway.reload({ ...file, serviceTokens: { key: next } });
  await verify(gateway, before);
  await verify(gateway, await tokenOf(gateway));
  assert.ok(!gateway.messages.join('').includes('PRIVATE'));
});

test('the file is refused for a key that can sign nothing, without a word of the key', async (t) => {
  const { gateway, file } = await start(t, {});
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  for (const [key, message] of [
    [pemOf(publicKey), /can sign nothing/],
    [pemOf(rsa), /another kind than EC P-256 or Ed25519/],
    ['{"kty":"EC","d":"hush-hush"', /is no JSON/],
    ['hush-hush', /holds no key/],
  ] as const) {
    const outcome = JSON.stringify(await gateway.reload({ ...file, serviceTokens: { key } }));
    assert.match(outcome, message);
    assert.ok(!outcome.includes('hush-hush'));
  }
});

test('answers for one caller are not given to another, nor to the same one with other scopes', async (t) => {
  const gateway = await startCached(t, {
    route: { auth: ['jwt'], serviceAuth: { token: { audience: 'orders' } } },
    top: { issuers: CALLERS.issuers },
  });
  const seen = gateway.script('/me', ({ headers }) => ({
    headers: { 'cache-control': 'max-age=600' },
    body: JSON.stringify(jwt.decode(String(headers.authorization).replace('Bearer ', ''))),
  }));
  const get = async (claims: object) => {
    const token = userToken(claims);
    return JSON.parse((await gateway.get('/me', { authorization: `Bearer ${token}` })).text);
  };
  assert.equal((await get({ sub: 'u1', scope: 'read' })).scope, 'read');
  assert.equal((await get({ sub: 'u1', scope: 'read' })).scope, 'read');
  assert.equal(seen().length, 1, 'the same caller is answered from the store');
  assert.equal((await get({ sub: 'u1', scope: 'write' })).scope, 'write');
  assert.equal((await get({ sub: 'u2', scope: 'read' })).sub, 'u2');
  assert.equal(seen().length, 3);
});

test('a credential of the gateway does not keep answers out of the cache', async (t) => {
  const gateway = await startCached(t, { api: { serviceAuth: { header: { authorization: 'Bearer fixed' } } } });
  const seen = gateway.script('/list', () => ({ headers: { 'cache-control': 'max-age=600' } }));
  const first = await gateway.get('/list');
  const second = await gateway.get('/list', { authorization: 'Bearer of-the-client' });
  assert.equal(first.text, second.text);
  assert.equal(seen().length, 1, 'nor does what the service is never told');
  assert.equal(seen()[0]?.headers.authorization, 'Bearer fixed');
});

test('an answer that says it depends on the token is stored for nobody, public or not', async (t) => {
  const gateway = await startCached(t, {
    route: { auth: ['jwt'], serviceAuth: { token: { audience: 'orders' } } },
    top: { issuers: CALLERS.issuers },
  });
  const fields = { 'cache-control': 'public, max-age=600', vary: 'Accept, Authorization' };
  const seen = gateway.script('/me', () => ({ headers: fields }));
  for (const sub of ['u1', 'u2', 'u2']) await gateway.get('/me', { authorization: `Bearer ${userToken({ sub })}` });
  assert.equal(seen().length, 3);
});

test('the file is refused where a route stands in the place of the keys', async (t) => {
  const { gateway, file } = await start(t, {});
  const routes = [...file.routes, { prefix: '/.well-known/jwks.json', target: 'http://127.0.0.1:1', auth: 'none' }];
  assert.match(
    JSON.stringify(await gateway.reload({ ...file, routes })),
    /where the keys of the tokens for services are/,
  );
  const wider = [...file.routes, { prefix: '/.well-known', target: 'http://127.0.0.1:1', auth: 'none' }];
  await gateway.reload({ ...file, routes: wider });
  assert.equal((await ask(gateway.url + JWKS)).status, 200);
});
