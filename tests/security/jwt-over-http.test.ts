import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKeys, SECRET } from '../support/auth.ts';
import { forgeTokens, goodClaims, signText } from '../support/forged-tokens.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { FakeIssuer, type IssuerKey } from '../support/issuer.ts';
import { startService } from '../support/service.ts';

const [K1, K2, EVIL] = ['k1', 'k2', 'k1'].map((kid) => ({ kid, ...createKeys('rsa') })) as [
  IssuerKey,
  IssuerKey,
  IssuerKey,
];
const nowSeconds = Math.floor(Date.now() / 1000);
/** A refusal takes a few milliseconds; a backtracking pattern or a fetch that hangs takes far longer. */
const QUICK_MS = 1000;

async function setUp(t: TestContext) {
  const service = await startService(t);
  const issuer = await new FakeIssuer([K1]).listen();
  t.after(() => issuer.close());
  const row = { issuer: issuer.url, audience: 'api', jwks: issuer.jwksUrl };
  const file = {
    issuers: [row, { issuer: 'hmac', secret: SECRET }],
    routes: [{ prefix: '/a', target: service.url, auth: 'jwt' }],
  };
  // Each call comes from an address of its own, so that none meets the limit on wrong credentials.
  const gateway = await startGateway(t, { file, env: { TRUST_PROXY: '1' }, settings: { logLevel: 'debug' } });
  const claims = { ...goodClaims({ issuer: issuer.url, nowSeconds }), exp: nowSeconds + 600 };
  let calls = 0;
  const call = (token: string) => {
    const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': `192.0.2.${calls++ % 250}` };
    return ask(`${gateway.url}/a`, { headers });
  };
  return { service, issuer, gateway, claims, call };
}

test('every forged token is 401 at the door, and makes the gateway ask nobody but its issuer', async (t) => {
  const { service, issuer, gateway, claims, call } = await setUp(t);
  const spy = await startService(t);
  assert.equal((await call(issuer.sign(K1, claims))).status, 200);
  const names = { issuer: issuer.url, hmacIssuer: 'hmac', kid: 'k1', spyUrl: spy.url };
  const forged = forgeTokens({ ...names, secret: SECRET, rsa: K1, otherRsa: EVIL, nowSeconds });
  const times: number[] = [];
  for (const [attack, token] of Object.entries(forged)) {
    const startedAtMs = performance.now();
    const { status, headers, json } = await call(token);
    times.push(performance.now() - startedAtMs);
    assert.deepEqual([status, json.code], [401, 'invalid_credential'], attack);
    assert.match(headers['www-authenticate'] ?? '', /^Bearer realm="turnpike", error="invalid_token"/, attack);
  }
  times.sort((a, b) => a - b);
  assert.ok((times[times.length >> 1] as number) < 50, `half of them took over ${times[times.length >> 1]} ms`);
  assert.ok((times.at(-1) as number) < QUICK_MS, `one took ${times.at(-1)} ms`);
  assert.equal(spy.requests.length, 0);
  assert.deepEqual(issuer.asked, ['/keys', '/keys'], 'once for the keys, once for the unknown kid');
  assert.equal(service.requests.length, 1);
  assert.equal((await call(issuer.sign(K1, claims))).status, 200, 'a good token still passes');
  const written = [...gateway.accessLines, ...gateway.messages].join('\n');
  for (const token of Object.values(forged)) assert.ok(token === '..' || !written.includes(token));
});

test('200 tokens at once with unknown kids make one fetch', async (t) => {
  const { issuer, claims, call, service } = await setUp(t);
  assert.equal((await call(issuer.sign(K1, claims))).status, 200);
  const forged = Array.from({ length: 200 }, (_, index) => issuer.sign({ ...EVIL, kid: `x${index}` }, claims));
  const statuses = new Set((await Promise.all(forged.map(call))).map(({ status }) => status));
  assert.deepEqual([...statuses], [401]);
  assert.deepEqual(issuer.asked, ['/keys', '/keys']);
  assert.equal(service.requests.length, 1);
});

test('a rotated key is accepted on its first token, and known ones while the issuer is down', async (t) => {
  const { issuer, claims, call } = await setUp(t);
  assert.equal((await call(issuer.sign(K1, claims))).status, 200);
  issuer.keys = [K1, K2];
  assert.equal((await call(issuer.sign(K2, claims))).status, 200);
  const later = [K1, K2].map((key) => issuer.sign(key, { ...claims, sub: 'u2' }));
  issuer.fault = (req) => req.socket.destroy();
  for (const token of later) assert.equal((await call(token)).status, 200);
});

test('what a token claims through __proto__ gives nobody a role', async (t) => {
  const { issuer, claims, call, service } = await setUp(t);
  const text = `${JSON.stringify(claims).slice(0, -1)},"__proto__":{"roles":["admin"]},"constructor":{"sub":"root"}}`;
  assert.equal((await call(signText(text, { rsa: K1, kid: 'k1' }))).status, 200);
  assert.equal(service.requests[0]?.headers['x-user-role'], undefined);
  assert.equal(service.requests[0]?.headers['x-user-id'], 'u1');
  assert.equal(issuer.asked.length, 1);
});
