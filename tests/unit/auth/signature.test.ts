import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { Refusal } from '../../../src/auth/identity.ts';
import { createIssuer, issuerRow } from '../../../src/auth/issuers.ts';
import { parseJwkSet } from '../../../src/auth/jwk-set.ts';
import { TokenVerifier } from '../../../src/auth/jwt.ts';
import { createKeys, encode, NOW_MS, NOW_SECONDS, noRemoteKeys, pemOf, signRs256 } from '../../support/auth.ts';

const ED = generateKeyPairSync('ed25519');
const RSA = createKeys('rsa');
const GOOD = { iss: 'a', aud: 'api', sub: 'u1', exp: NOW_SECONDS + 60 };

function signEdDsa(header: object, claims: unknown, key: KeyObject = ED.privateKey): string {
  const input = `${encode({ alg: 'EdDSA', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

function judge(key: KeyObject, token: string, options: object = {}): string {
  const row = issuerRow.parse({ issuer: 'a', audience: 'api', publicKey: pemOf(key), ...options });
  const outcome = new TokenVerifier([createIssuer(row, noRemoteKeys)]).verify(token, NOW_MS);
  assert.ok(!(outcome instanceof Promise));
  return outcome instanceof Refusal
    ? [outcome.reason, outcome.forLog].join(': ').replace(/: $/, '')
    : `ok ${outcome.subject}`;
}

const CLAIMS: Readonly<Record<string, unknown>> = {
  good: GOOD,
  'a list of audiences': { ...GOOD, aud: ['other', 'api'] },
  'another audience': { ...GOOD, aud: 'other' },
  'a list without ours': { ...GOOD, aud: ['x', 'y'] },
  'no audience': { ...GOOD, aud: undefined },
  'an audience that is none': { ...GOOD, aud: { api: true } },
  'another issuer': { ...GOOD, iss: 'b' },
  expired: { ...GOOD, exp: NOW_SECONDS - 5 },
  'expired within the tolerance': { ...GOOD, exp: NOW_SECONDS - 4 },
  'no expiry': { ...GOOD, exp: undefined },
  'not yet': { ...GOOD, nbf: NOW_SECONDS + 6 },
  'not yet, within the tolerance': { ...GOOD, nbf: NOW_SECONDS + 5 },
  'issued later': { ...GOOD, iat: NOW_SECONDS + 6 },
  'a time that is none': { ...GOOD, nbf: 'tomorrow' },
  'expired and for others': { ...GOOD, exp: NOW_SECONDS - 60, aud: 'other' },
  'not yet and for others': { ...GOOD, nbf: NOW_SECONDS + 60, aud: 'other' },
  'no object': 'text',
};

for (const [name, claims] of Object.entries(CLAIMS)) {
  test(`EdDSA is judged as RS256 is: ${name}`, () => {
    const expected = judge(RSA.publicKey, signRs256({}, claims, RSA.privateKey));
    assert.equal(judge(ED.publicKey, signEdDsa({}, claims)), expected);
  });
}

test('a good EdDSA token passes, one that was changed or signed by another key does not', () => {
  assert.equal(judge(ED.publicKey, signEdDsa({}, GOOD)), 'ok u1');
  const [head, , signature] = signEdDsa({}, GOOD).split('.');
  const changed = `${head}.${encode({ ...GOOD, sub: 'admin' })}.${signature}`;
  const other = signEdDsa({}, GOOD, generateKeyPairSync('ed25519').privateKey);
  const short = `${signEdDsa({}, GOOD).split('.', 2).join('.')}.AAAA`;
  for (const forged of [changed, other, short]) {
    assert.equal(judge(ED.publicKey, forged), 'the signature of the token is not valid');
  }
  for (const header of [{ crit: ['x'] }, { b64: false }, { typ: 'logout+jwt' }]) {
    assert.doesNotMatch(judge(ED.publicKey, signEdDsa(header, GOOD)), /^ok/);
  }
});

test('a key decides about the algorithm: neither kind of token passes with the key of the other', () => {
  const wrong = 'the token is signed with an algorithm that is not accepted';
  assert.equal(judge(ED.publicKey, signRs256({}, GOOD, RSA.privateKey)), wrong);
  assert.equal(judge(RSA.publicKey, signEdDsa({}, GOOD)), wrong);
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(GOOD)}`;
  const hmac = createHmac('sha256', pemOf(ED.publicKey)).update(input).digest('base64url');
  assert.equal(judge(ED.publicKey, `${input}.${hmac}`), wrong);
  assert.throws(
    () => judge(ED.publicKey, '', { algorithms: ['RS256'] }),
    /can not be used with this key; it fits EdDSA/,
  );
  assert.throws(() => judge(generateKeyPairSync('ed448').publicKey, ''), /of no use/);
});

test('a published Ed25519 key is of use; one for key agreement and a private one are not', () => {
  const jwk = { ...ED.publicKey.export({ format: 'jwk' }), kid: 'k1' };
  assert.ok(parseJwkSet({ keys: [jwk] }).find('k1', 'EdDSA'));
  assert.ok(parseJwkSet({ keys: [{ ...jwk, alg: 'EdDSA', use: 'sig' }] }).find('k1', 'EdDSA'));
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
  const unusable = [
    { ...x25519, kid: 'k1' },
    { ...ED.privateKey.export({ format: 'jwk' }), kid: 'k1' },
    { ...jwk, use: 'enc' },
    { ...jwk, alg: 'ES256' },
  ];
  for (const one of unusable) assert.equal(parseJwkSet({ keys: [one] }).find('k1', 'EdDSA'), undefined);
});
