import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKeys } from '../support/auth.ts';
import { createAuthority, NO_OPENSSL } from '../support/certificates.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { FakeIssuer } from '../support/issuer.ts';

const KEY = { kid: 'k1', ...createKeys('rsa') };
const CLAIMS = { sub: 'u1', exp: Math.floor(Date.now() / 1000) + 60 };
const ROUTES = [{ prefix: '/a', respond: { status: 204 }, auth: 'jwt' }];
const load = (t: TestContext, row: object) =>
  startGateway(t, {
    file: { routes: ROUTES, issuers: [{ issuer: 'http://keys.cluster.local:8080', audience: 'api', ...row }] },
  });

test('keys come over plain http where the issuer says so by name, and the log warns of it', async (t) => {
  const jwks = 'http://keys.cluster.local:8080/keys';
  await assert.rejects(load(t, { jwks }), /over https, or over http from this very machine.*allowHttp/s);
  await assert.rejects(load(t, { discover: true }), /allowHttp/);
  await assert.rejects(load(t, { jwks: 'ftp://keys/keys', allowHttp: true }), /over https/);
  await assert.rejects(load(t, { jwks: 'http://user:pass@keys/keys', allowHttp: true }), /over https/);
  const gateway = await load(t, { jwks, allowHttp: true });
  assert.match(gateway.messages.join('\n'), /keys of issuer .*keys\.cluster\.local.* plain http/);
  const quiet = await load(t, { jwks: 'https://keys.example/keys' });
  assert.doesNotMatch(quiet.messages.join('\n'), /plain http/);
});

// This machine by a name that is no loopback's.
test('an allowed address is asked', { skip: process.platform === 'win32' && 'no such name' }, async (t) => {
  const issuer = await new FakeIssuer([KEY]).listen();
  t.after(() => issuer.close());
  const jwks = `http://0.0.0.0:${issuer.port}/keys`;
  const gateway = await load(t, { issuer: issuer.url, audience: undefined, jwks, allowHttp: true });
  const headers = { authorization: `Bearer ${issuer.sign(KEY, CLAIMS)}` };
  assert.equal((await ask(`${gateway.url}/a`, { headers })).status, 204);
});

test('an issuer has an authority of its own', { skip: NO_OPENSSL }, async (t) => {
  const [ours, another] = [createAuthority(), createAuthority()];
  const issuer = await new FakeIssuer([KEY], ours.sign('issuer', 'DNS:localhost')).listen();
  t.after(() => issuer.close());
  const headers = { authorization: `Bearer ${issuer.sign(KEY, CLAIMS)}` };
  for (const [ca, expected] of [
    [ours.ca, 204],
    [another.ca, 503],
    [undefined, 503],
  ] as const) {
    for (const place of [{ discover: true }, { jwks: issuer.jwksUrl }]) {
      const tls = ca === undefined ? undefined : { ca };
      const gateway = await load(t, { issuer: issuer.url, audience: undefined, ...place, tls });
      assert.equal((await ask(`${gateway.url}/a`, { headers })).status, expected);
      const written = [...gateway.messages, ...gateway.accessLines].join('\n');
      assert.doesNotMatch(written, /BEGIN CERTIFICATE/, 'the log stays readable');
    }
  }
});

test('an authority that is none, or that nobody would ask, refuses the file', async (t) => {
  const jwks = 'https://keys.example/keys';
  await assert.rejects(load(t, { jwks, tls: { ca: 'nonsense' } }), /no certificate in PEM/);
  await assert.rejects(load(t, { secret: 'x'.repeat(32), tls: { ca: 'nonsense' } }), /"jwks" or "discover"/);
  await assert.rejects(load(t, { secret: 'x'.repeat(32), allowHttp: true }), /"jwks" or "discover"/);
});
