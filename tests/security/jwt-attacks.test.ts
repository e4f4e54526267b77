import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/auth/identity.ts';
import { createIssuer, issuerRow } from '../../src/auth/issuers.ts';
import { TokenVerifier } from '../../src/auth/jwt.ts';
import { createKeys, NOW_MS, NOW_SECONDS, noRemoteKeys, pemOf, SECRET, signRs256 } from '../support/auth.ts';
import { forgeTokens, goodClaims, signHs256, signText } from '../support/forged-tokens.ts';

const TARGET = {
  issuer: 'https://login.example.com/',
  hmacIssuer: 'hmac',
  secret: SECRET,
  rsa: createKeys('rsa'),
  otherRsa: createKeys('rsa'),
  nowSeconds: NOW_SECONDS,
};
const GOOD = goodClaims(TARGET);
/** Ample for checking one token, even on a machine with other work; a backtracking pattern takes far longer. */
const QUICK_MS = 250;

function createVerifier(): TokenVerifier {
  const { issuer, rsa, hmacIssuer, secret } = TARGET;
  const rows = [
    { issuer, audience: 'api', publicKey: pemOf(rsa.publicKey), algorithms: ['RS256'] },
    { issuer: hmacIssuer, secret },
  ];
  return new TokenVerifier(rows.map((row) => createIssuer(issuerRow.parse(row), noRemoteKeys)));
}

for (const [attack, token] of Object.entries(forgeTokens(TARGET))) {
  test(`a token is refused, quickly: ${attack}`, () => {
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

test('a part of a token has one spelling: another last letter with the same bits is refused', () => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const hmac = signHs256({}, { ...GOOD, iss: TARGET.hmacIssuer, aud: undefined }, SECRET);
  for (const good of [hmac, signRs256({}, GOOD, TARGET.rsa.privateKey)]) {
    assert.ok(!(createVerifier().verify(good, NOW_MS) instanceof Refusal));
    // 32 and 256 bytes end in a letter of which two and four bits are for nothing (RFC 4648, section 3.5).
    const last = digits.indexOf(good.slice(-1));
    const twins = [1, 2, 3].map((bits) => good.slice(0, -1) + digits.charAt(last ^ bits));
    for (const twin of twins) {
      assert.deepEqual(Buffer.from(twin, 'base64url'), Buffer.from(good, 'base64url'), 'the same bytes');
      assert.ok(createVerifier().verify(twin, NOW_MS) instanceof Refusal, twin);
    }
  }
});

test('an HMAC secret is at least as long as the hash (RFC 7518, section 3.2)', () => {
  const create = (bytes: number, algorithms: string[]) =>
    createIssuer(issuerRow.parse({ issuer: 'a', secret: 'x'.repeat(bytes), algorithms }), noRemoteKeys);
  assert.throws(() => create(47, ['HS384']), /HS384 can not be used with this key; it fits HS256/);
  assert.throws(() => create(63, ['HS256', 'HS512']), /HS512 can not be used with this key; it fits HS256, HS384/);
  assert.deepEqual(create(64, ['HS384', 'HS512']).algorithms, ['HS384', 'HS512']);
});

test('what the attacks are made from is a good token', () => {
  const { privateKey } = TARGET.rsa;
  for (const token of [
    signRs256({}, GOOD, privateKey),
    signRs256({ typ: 'at+jwt', kid: 'any' }, GOOD, privateKey),
    signRs256({}, { ...GOOD, aud: ['x', 'api'] }, privateKey),
  ]) {
    const outcome = createVerifier().verify(token, NOW_MS);
    assert.ok(!(outcome instanceof Refusal) && !(outcome instanceof Promise) && outcome.subject === 'u1');
  }
  const hmac = signHs256({}, { ...GOOD, iss: TARGET.hmacIssuer, aud: undefined }, SECRET);
  assert.ok(!(createVerifier().verify(hmac, NOW_MS) instanceof Refusal));
});

test('claims named __proto__ and constructor are nobody and no role', () => {
  const { sub: _, ...claims } = GOOD;
  const text = `${JSON.stringify(claims).slice(0, -1)},"__proto__":{"sub":"admin","roles":["admin"]},"constructor":{"roles":["admin"]}}`;
  const outcome = createVerifier().verify(signText(text, TARGET), NOW_MS);
  assert.ok(!(outcome instanceof Refusal) && !(outcome instanceof Promise));
  assert.equal(outcome.subject, undefined);
  assert.deepEqual(outcome.roles, []);
});
