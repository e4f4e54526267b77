import assert from 'node:assert/strict';
import { createHmac, createSign } from 'node:crypto';
import { test } from 'node:test';
import { Refusal } from '../../src/auth/identity.ts';
import { createIssuer, issuerRow } from '../../src/auth/issuers.ts';
import { TokenVerifier } from '../../src/auth/jwt.ts';
import { createKeys, encode, NOW_MS, NOW_SECONDS, noRemoteKeys, pemOf, SECRET, signRs256 } from '../support/auth.ts';

const RSA = createKeys('rsa');
const OTHER_RSA = createKeys('rsa');
const ISS = 'https://login.example.com/';
const GOOD = { iss: ISS, aud: 'api', sub: 'u1', iat: NOW_SECONDS, exp: NOW_SECONDS + 60 };
/** Ample for checking one token, even on a machine with other work; a backtracking pattern takes far longer. */
const QUICK_MS = 250;

function createVerifier(): TokenVerifier {
  const rows = [
    { issuer: ISS, audience: 'api', publicKey: pemOf(RSA.publicKey), algorithms: ['RS256'] },
    { issuer: 'hmac', secret: SECRET },
  ];
  return new TokenVerifier(rows.map((row) => createIssuer(issuerRow.parse(row), noRemoteKeys)));
}

function rs256(claims: unknown, header: object = {}, key = RSA.privateKey): string {
  return signRs256(header, claims, key);
}

function hs256(header: object, claims: unknown, secret: string): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const signText = (claims: string): string => {
  const input = `${encode({ alg: 'RS256' })}.${encode(claims)}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(RSA.privateKey).toString('base64url')}`;
};
const jwk = OTHER_RSA.publicKey.export({ format: 'jwk' });

const ATTACKS: Readonly<Record<string, () => string>> = {
  'alg none': () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(GOOD)}.`,
  'alg None with a signature': () => `${encode({ alg: 'None' })}.${encode(GOOD)}.AAAA`,
  'alg nOnE': () => `${encode({ alg: 'nOnE' })}.${encode(GOOD)}.`,
  'alg empty': () => `${encode({ alg: '' })}.${encode(GOOD)}.AAAA`,
  'alg missing': () => `${encode({ typ: 'JWT' })}.${encode(GOOD)}.AAAA`,
  'alg as a list': () => `${encode({ alg: ['RS256'] })}.${encode(GOOD)}.AAAA`,
  'the signature cut off': () => rs256(GOOD).replace(/[^.]*$/, ''),
  'the public RSA key used as HMAC secret': () => hs256({}, GOOD, pemOf(RSA.publicKey)),
  'an HMAC token under the name of the RSA issuer': () => hs256({}, GOOD, SECRET),
  'an RSA token under the name of the HMAC issuer': () => rs256({ ...GOOD, iss: 'hmac' }),
  'RS512 where RS256 is listed': () => rs256(GOOD, { alg: 'RS512' }),
  'a key of somebody else': () => rs256(GOOD, {}, OTHER_RSA.privateKey),
  'an embedded jwk': () => rs256(GOOD, { jwk }, OTHER_RSA.privateKey),
  'a jku': () => rs256(GOOD, { jku: 'https://evil.example/jwks.json' }, OTHER_RSA.privateKey),
  'an x5u': () => rs256(GOOD, { x5u: 'https://evil.example/cert.pem' }, OTHER_RSA.privateKey),
  'a changed claim': () => rs256(GOOD).replace(/\.[^.]+\./, `.${encode({ ...GOOD, sub: 'admin' })}.`),
  'no exp': () => rs256({ ...GOOD, exp: undefined }),
  'exp of 1e300': () => rs256({ ...GOOD, exp: 1e300 }),
  'exp beyond the year 9999': () => rs256({ ...GOOD, exp: 253_402_300_800 }),
  'exp as text': () => rs256({ ...GOOD, exp: '9999999999' }),
  'exp null': () => rs256({ ...GOOD, exp: null }),
  'exp negative': () => rs256({ ...GOOD, exp: -1 }),
  'exp 6 seconds ago': () => rs256({ ...GOOD, exp: NOW_SECONDS - 6 }),
  'nbf in 6 seconds': () => rs256({ ...GOOD, nbf: NOW_SECONDS + 6 }),
  'nbf as text': () => rs256({ ...GOOD, nbf: 'now' }),
  'iat in the future': () => rs256({ ...GOOD, iat: NOW_SECONDS + 3600 }),
  'iat as text': () => rs256({ ...GOOD, iat: 'now' }),
  'another iss': () => rs256({ ...GOOD, iss: 'https://evil.example/' }),
  'no iss': () => rs256({ ...GOOD, iss: undefined }),
  'iss as a list': () => rs256({ ...GOOD, iss: [ISS] }),
  'iss __proto__': () => rs256({ ...GOOD, iss: '__proto__' }),
  'another aud': () => rs256({ ...GOOD, aud: 'other' }),
  'no aud': () => rs256({ ...GOOD, aud: undefined }),
  'an unknown crit': () => rs256(GOOD, { crit: ['exp2'], exp2: 1 }),
  'an empty crit': () => rs256(GOOD, { crit: [] }),
  'b64 false': () => rs256(GOOD, { b64: false, crit: ['b64'] }),
  'b64 false without crit': () => rs256(GOOD, { b64: false }),
  'a logout token': () => rs256(GOOD, { typ: 'logout+jwt' }),
  'a kid that is a path and the key of somebody else': () =>
    rs256(GOOD, { kid: '../../../../dev/null' }, OTHER_RSA.privateKey),
  'a kid of 10 KB': () => rs256(GOOD, { kid: 'k'.repeat(10_000) }),
  'a kid of 5 KB': () => rs256(GOOD, { kid: 'k'.repeat(5000) }),
  'a kid that is an object': () => rs256(GOOD, { kid: { toString: 1 } }),
  'a token of 15 KB': () => rs256({ ...GOOD, pad: 'x'.repeat(11_000) }),
  'deep JSON': () => signText(`{"iss":"${ISS}","aud":"api","exp":${NOW_SECONDS + 60},"x":${nested(2500)}}`),
  'deep JSON that does not end': () => signText('['.repeat(5000)),
  'quotes and backslashes without end': () => signText('"a\\'.repeat(1800)),
  'a payload that is text': () => rs256('just text'),
  'a payload that is a list': () => rs256([GOOD]),
  'a payload that is null': () => signText('null'),
  'a header that is a list': () => `${encode(['RS256'])}.${encode(GOOD)}.AAAA`,
  'claims through __proto__': () => signText(`{"__proto__":${JSON.stringify(GOOD)}}`),
  'a fourth part': () => `${rs256(GOOD)}.AAAA`,
  'five parts, as an encrypted token has': () => `${rs256(GOOD)}.AAAA.AAAA`,
  'a blank inside': () => rs256(GOOD).replace('.', ' .'),
  'base64 that is not url-safe': () => rs256(GOOD).replace(/.$/, '+'),
  'nothing but dots': () => '..',
  'eight thousand dots': () => '.'.repeat(8000),
};

for (const [attack, forge] of Object.entries(ATTACKS)) {
  test(`a token is refused, quickly: ${attack}`, () => {
    const token = forge();
    const verifier = createVerifier();
    const startedAt = performance.now();
    const outcome = verifier.verify(token, NOW_MS);
    assert.ok(performance.now() - startedAt < QUICK_MS);
    assert.ok(outcome instanceof Refusal, 'it was accepted');
    assert.equal(outcome.code, 'invalid_credential');
    assert.ok(!token.includes(outcome.reason));
    assert.match(outcome.reason, /^[a-z0-9 .]+$/i, 'the reason is our own words');
  });
}

test('what the attacks are made from is a good token', () => {
  for (const token of [
    rs256(GOOD),
    rs256(GOOD, { typ: 'at+jwt', kid: 'any' }),
    rs256({ ...GOOD, aud: ['x', 'api'] }),
  ]) {
    const outcome = createVerifier().verify(token, NOW_MS);
    assert.ok(!(outcome instanceof Refusal) && !(outcome instanceof Promise) && outcome.subject === 'u1');
  }
  assert.ok(
    !(createVerifier().verify(hs256({}, { ...GOOD, iss: 'hmac', aud: undefined }, SECRET), NOW_MS) instanceof Refusal),
  );
});

test('claims named __proto__ and constructor are nobody and no role', () => {
  const claims = `{"iss":"${ISS}","aud":"api","exp":${NOW_SECONDS + 60},"__proto__":{"sub":"admin","roles":["admin"]},"constructor":{"roles":["admin"]}}`;
  const outcome = createVerifier().verify(signText(claims), NOW_MS);
  assert.ok(!(outcome instanceof Refusal) && !(outcome instanceof Promise));
  assert.equal(outcome.subject, undefined);
  assert.deepEqual(outcome.roles, []);
});
