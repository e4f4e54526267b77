import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { Outcome } from '../../src/auth/identity.ts';
import { Refusal } from '../../src/auth/identity.ts';
import { createIssuer, issuerRow } from '../../src/auth/issuers.ts';
import { RemoteKeys } from '../../src/auth/jwks.ts';
import { TokenVerifier } from '../../src/auth/jwt.ts';
import { Deadlines } from '../../src/lib/deadlines.ts';
import { createCalls } from '../../src/upstream/call.ts';
import { createKeys, NOW_MS, NOW_SECONDS } from '../support/auth.ts';
import { FakeIssuer, type IssuerKey } from '../support/issuer.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const KEYS: readonly IssuerKey[] = ['k1', 'k2', 'k3'].map((kid) => ({ kid, ...createKeys('rsa') }));
const [K1, K2, K3] = KEYS as [IssuerKey, IssuerKey, IssuerKey];
/** Long enough that expiry plays no part in what the tests move the clock for. */
const CLAIMS = { sub: 'u1', exp: NOW_SECONDS + 30 * 24 * 3600 };

async function setUp(t: TestContext, { keys = [K1], discover = false } = {}) {
  const issuer = await new FakeIssuer([...keys]).listen();
  t.after(() => issuer.close());
  const time = { nowMs: NOW_MS };
  const log = { warn() {}, info() {} };
  const row = { issuer: issuer.url, ...(discover ? { discover: true } : { jwks: issuer.jwksUrl }) };
  const call = createCalls(new Deadlines());
  const options = { clock: { now: () => time.nowMs }, log, call } as unknown as ConstructorParameters<
    typeof RemoteKeys
  >[0];
  const verifier = new TokenVerifier([
    createIssuer(issuerRow.parse(row), (place) => new RemoteKeys({ ...options, place })),
  ]);
  const verify = async (token: string) => describe(await verifier.verify(token, time.nowMs));
  return { issuer, time, verifier, verify };
}

function describe(outcome: Outcome): string {
  if (outcome instanceof Refusal) return outcome.code === 'auth_unavailable' ? 'unavailable' : outcome.reason;
  return 'ok';
}

const UNKNOWN = 'the token is signed with a key that is not known';

test('keys are fetched once, for however many tokens arrive together, and then kept', async (t) => {
  const { issuer, verify, time } = await setUp(t);
  const tokens = Array.from({ length: 100 }, (_, i) => issuer.sign(K1, { ...CLAIMS, n: i }));
  assert.deepEqual(new Set(await Promise.all(tokens.map(verify))), new Set(['ok']));
  time.nowMs += 7 * MINUTE_MS;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
  assert.deepEqual(issuer.asked, ['/keys']);
});

test('once the keys are there, verifying needs no promise', async (t) => {
  const { issuer, verify, verifier } = await setUp(t);
  await verify(issuer.sign(K1, CLAIMS));
  assert.ok(!(verifier.verify(issuer.sign(K1, { ...CLAIMS, sub: 'u2' }), NOW_MS) instanceof Promise));
});

test('200 tokens with an unknown kid make one fetch, and so do those after them for 5 seconds', async (t) => {
  const { issuer, verify, time } = await setUp(t);
  await verify(issuer.sign(K1, CLAIMS));
  const forged = () => verify(issuer.sign({ ...K1, kid: `x${Math.random()}` }, CLAIMS));
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 200 }, forged))), new Set([UNKNOWN]));
  time.nowMs += 4000;
  assert.equal(await forged(), UNKNOWN);
  assert.equal(issuer.asked.length, 2);
  time.nowMs += 1000;
  await forged();
  assert.equal(issuer.asked.length, 3);
});

test('an unknown kid just before a rotation delays the tokens of the new key by some seconds, and no more', async (t) => {
  const { issuer, verify, time } = await setUp(t);
  await verify(issuer.sign(K1, CLAIMS));
  for (let round = 0; round < 10; round += 1) {
    assert.equal(await verify(issuer.sign({ ...K1, kid: `x${round}` }, CLAIMS)), UNKNOWN);
    time.nowMs += 1000;
  }
  // Whoever guesses the name of the next key must not delay it either.
  await verify(issuer.sign({ ...K1, kid: 'k2' }, CLAIMS));
  issuer.keys = [K1, K2];
  time.nowMs += 5000;
  assert.equal(await verify(issuer.sign(K2, CLAIMS)), 'ok');
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
});

test('a set without any key of use throws no good keys away', async (t) => {
  const { issuer, verify, time } = await setUp(t);
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
  for (const body of ['{"keys":[]}', '{"keys":[{"kty":"oct","k":"AAAA"}]}']) {
    issuer.fault = (_req, res) => res.end(body);
    time.nowMs += 10 * MINUTE_MS;
    assert.equal(await verify(issuer.sign(K1, { ...CLAIMS, body })), 'ok', body);
    assert.equal(await verify(issuer.sign(K2, CLAIMS)), UNKNOWN, body);
  }
  time.nowMs += DAY_MS;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'unavailable', 'for a day at most');
  issuer.fault = undefined;
  time.nowMs += 5000;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
});

test('200 tokens with an unknown kid at a gateway that has no keys yet make one fetch too', async (t) => {
  const { issuer, verify } = await setUp(t);
  const forged = () => verify(issuer.sign({ ...K1, kid: 'x' }, CLAIMS));
  await Promise.all(Array.from({ length: 200 }, forged));
  await forged();
  assert.equal(issuer.asked.length, 1);
});

test('a rotated key is picked up on its first token', async (t) => {
  const { issuer, verify } = await setUp(t);
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
  issuer.keys = [K1, K2];
  assert.equal(await verify(issuer.sign(K2, CLAIMS)), 'ok');
  assert.equal(issuer.asked.length, 2);
});

test('a key that the issuer has taken back ends with the cache, for remembered tokens too', async (t) => {
  const { issuer, verify, time } = await setUp(t, { keys: [K1, K2] });
  const token = issuer.sign(K1, CLAIMS);
  assert.equal(await verify(token), 'ok');
  issuer.keys = [K2];
  time.nowMs += 10 * MINUTE_MS;
  assert.equal(await verify(token), UNKNOWN);
});

test('a key learnt to be gone by way of another token is forgotten at once', async (t) => {
  const { issuer, verify } = await setUp(t);
  const token = issuer.sign(K1, CLAIMS);
  assert.equal(await verify(token), 'ok');
  issuer.keys = [K2];
  assert.equal(await verify(issuer.sign(K2, CLAIMS)), 'ok');
  assert.equal(await verify(token), UNKNOWN);
});

test('while the issuer is down its last keys serve for a day, and only the first token waits for it', async (t) => {
  const { issuer, verify, verifier, time } = await setUp(t);
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
  issuer.fault = (_req, res) => res.writeHead(500).end();
  for (let minute = 1; minute <= 60; minute += 1) {
    time.nowMs += MINUTE_MS;
    assert.equal(await verify(issuer.sign(K1, { ...CLAIMS, minute })), 'ok');
  }
  assert.ok(!(verifier.verify(issuer.sign(K1, { ...CLAIMS, last: 1 }), time.nowMs) instanceof Promise));
  time.nowMs = NOW_MS + DAY_MS + MINUTE_MS;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'unavailable');
  issuer.fault = undefined;
  time.nowMs += 5000;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
});

test('an issuer that was never reached is unavailable, not a wrong token; it is asked again 5 seconds later', async (t) => {
  const { issuer, verify, time } = await setUp(t);
  issuer.fault = (req) => req.socket.destroy();
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'unavailable');
  const asked = issuer.asked.length;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'unavailable');
  assert.equal(issuer.asked.length, asked);
  issuer.fault = undefined;
  time.nowMs += 5000;
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
});

const LIES: Readonly<Record<string, NonNullable<FakeIssuer['fault']>>> = {
  garbage: (_req, res) => res.end('<html>'),
  'a list': (_req, res) => res.end('[]'),
  'no keys': (_req, res) => res.end('{}'),
  'a redirect': (_req, res) => res.writeHead(302, { location: '/elsewhere' }).end(),
  'a megabyte': (_req, res) => res.end(`{"keys":[],"pad":"${'x'.repeat(1024 * 1024)}"}`),
  'a coding that nobody asked for': (req, res) => {
    assert.equal(req.headers['accept-encoding'], undefined);
    res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"keys":[]}'));
  },
  'half an answer': (_req, res) => {
    res.writeHead(200, { 'content-length': '1000' });
    res.write('{"keys":');
    res.destroy();
  },
};

for (const [lie, fault] of Object.entries(LIES)) {
  test(`an issuer that answers with ${lie} has not answered`, async (t) => {
    const { issuer, verify } = await setUp(t);
    issuer.fault = fault;
    assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'unavailable');
    assert.ok(!issuer.asked.includes('/elsewhere'));
  });
}

test('symmetric, private, weak and encryption keys in a set are not used', async (t) => {
  const { issuer, verify } = await setUp(t);
  const jwk = K1.publicKey.export({ format: 'jwk' });
  const odd = [
    { kty: 'oct', kid: 'k1', k: 'c2VjcmV0' },
    { ...jwk, kid: 'k1', use: 'enc' },
    { ...jwk, kid: 'k1', key_ops: ['encrypt'] },
    { ...K1.privateKey.export({ format: 'jwk' }), kid: 'k1' },
    { ...jwk, kid: 'k1', n: 'AQAB' },
    { kty: 'RSA', kid: 'k1' },
    null,
    'text',
  ];
  issuer.fault = (_req, res) => res.end(JSON.stringify({ keys: odd }));
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), UNKNOWN);
  assert.equal(await verify(issuer.sign(K3, CLAIMS)), UNKNOWN);
});

test('a token without a kid is verified when one key fits, and refused when several could', async (t) => {
  const { issuer, verify, time } = await setUp(t);
  const token = issuer.sign(K1, CLAIMS, { kid: undefined });
  assert.equal(await verify(token), 'ok');
  issuer.keys = [K1, K2];
  time.nowMs += 10 * MINUTE_MS;
  assert.equal(await verify(token), UNKNOWN);
});

test('the issuer can be asked where its keys are', async (t) => {
  const { issuer, verify } = await setUp(t, { discover: true });
  assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'ok');
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys']);
});

test('a configuration of another issuer, or with keys over plain http elsewhere, is not believed', async (t) => {
  const { issuer, verify, time } = await setUp(t, { discover: true });
  const documents = [
    { issuer: 'https://evil.example', jwks_uri: issuer.jwksUrl },
    { issuer: issuer.url, jwks_uri: 'http://192.0.2.1/keys' },
  ];
  for (const document of documents) {
    issuer.fault = (_req, res) => res.end(JSON.stringify(document));
    assert.equal(await verify(issuer.sign(K1, CLAIMS)), 'unavailable');
    time.nowMs += 5000;
  }
  assert.ok(!issuer.asked.includes('/keys'));
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test('keys come over https, from a server with a certificate that is trusted', {
  skip: !hasOpenssl && 'openssl is not installed (apt-get install openssl)',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-issuer-'));
  after(() => rmSync(folder, { recursive: true }));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ];
  spawnSync('openssl', [...request, '-addext', 'subjectAltName=DNS:localhost', '-keyout', keyFile, '-out', certFile]);
  const tls = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  const issuer = await new FakeIssuer([K1], tls).listen();
  t.after(() => issuer.close());
  const row = issuerRow.parse({ issuer: issuer.url, discover: true });
  const options = {
    clock: { now: () => Date.now() },
    log: { warn() {}, info() {} },
    call: createCalls(new Deadlines()),
  } as unknown as ConstructorParameters<typeof RemoteKeys>[0];
  const create = () => new TokenVerifier([createIssuer(row, (place) => new RemoteKeys({ ...options, place }))]);
  const token = issuer.sign(K1, { sub: 'u1', exp: Math.floor(Date.now() / 1000) + 60 });
  assert.equal(
    describe(await create().verify(token, Date.now())),
    'unavailable',
    'nobody vouches for the certificate yet',
  );
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, tls.cert]);
  t.after(() => setDefaultCACertificates(before));
  assert.equal(describe(await create().verify(token, Date.now())), 'ok');
});
