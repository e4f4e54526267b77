import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createKeys, encode, pemOf } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { FakeIssuer } from '../support/issuer.ts';
import { startService } from '../support/service.ts';

test('forged tokens are 401 at the door, and make the gateway ask nobody but its issuer', async (t) => {
  const [service, spy] = [await startService(t), await startService(t)];
  const [good, evil] = [
    { kid: 'k1', ...createKeys('rsa') },
    { kid: 'k1', ...createKeys('rsa') },
  ];
  const issuer = await new FakeIssuer([good]).listen();
  t.after(() => issuer.close());
  const file = {
    issuers: [{ issuer: issuer.url, audience: 'api', jwks: issuer.jwksUrl }],
    routes: [{ prefix: '/a', target: service.url, auth: 'jwt' }],
  };
  const gateway = await startGateway(t, { file });
  const claims = { aud: 'api', sub: 'u1', exp: Math.floor(Date.now() / 1000) + 60 };
  const call = async (token: string) => {
    const response = await fetch(`${gateway.url}/a`, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    return response;
  };
  assert.equal((await call(issuer.sign(good, claims))).status, 200);

  const input = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode({ ...claims, iss: issuer.url })}`;
  const hmac = createHmac('sha256', pemOf(good.publicKey)).update(input).digest('base64url');
  const forged = [
    `${encode({ alg: 'none' })}.${encode({ ...claims, iss: issuer.url })}.`,
    `${input}.${hmac}`,
    issuer.sign(evil, claims),
    issuer.sign(evil, claims, { jwk: evil.publicKey.export({ format: 'jwk' }) }),
    issuer.sign(evil, claims, { jku: `${spy.url}/keys` }),
    issuer.sign(evil, claims, { x5u: `${spy.url}/cert` }),
    issuer.sign(evil, claims, { kid: `${spy.url}/kid` }),
    issuer.sign(evil, { ...claims, iss: spy.url }),
    issuer.sign(good, { ...claims, pad: 'x'.repeat(11_000) }),
    issuer.sign(good, { ...claims, exp: undefined }),
    issuer.sign(good, claims, { crit: ['x'] }),
  ];
  for (const token of forged) {
    const response = await call(token);
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm="turnpike", error="invalid_token"/);
  }
  assert.equal(spy.requests.length, 0);
  assert.ok(issuer.asked.length <= 2, 'once for the keys, once for the unknown kid');
  assert.equal(service.requests.length, 1);
  const written = [...gateway.accessLines, ...gateway.messages].join('\n');
  for (const token of forged) assert.ok(!written.includes(token));
});
