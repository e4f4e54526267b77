import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { parseSignatureKey, signatureKey } from '../../../../src/auth/signed/signature-key.ts';
import { isSignedBy } from '../../../../src/auth/signed/verify-base.ts';
import { EXAMPLES, RESPONSE_EXAMPLE, SIGNATURE_KEYS } from '../../../support/rfc9421.ts';

const keys = new Map(SIGNATURE_KEYS.map((row) => [row.id as string, parseSignatureKey(signatureKey.parse(row))]));
const keyOf = (id: string) => keys.get(id) as NonNullable<ReturnType<typeof keys.get>>;

for (const { section, key, base, input, signature } of EXAMPLES) {
  test(`RFC 9421, ${section}: the printed signature is that of the printed base`, () => {
    const text = [...base, `"@signature-params": ${input}`].join('\n');
    assert.equal(isSignedBy(keyOf(key), text, Buffer.from(signature, 'base64')), true);
    assert.equal(isSignedBy(keyOf(key), `${text} `, Buffer.from(signature, 'base64')), false);
  });
}

test('RFC 9421, B.2.4: the printed signature of a response is that of the printed base', () => {
  const signature = Buffer.from(RESPONSE_EXAMPLE.signature, 'base64');
  assert.equal(isSignedBy(keyOf('test-key-ecc-p256'), RESPONSE_EXAMPLE.base, signature), true);
});

test('P-384 and, where it is asked for, RSA PKCS #1 are verified too, each in its own algorithm alone', () => {
  const base = '"@method": GET';
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const pem = (key: typeof ec.publicKey) => key.export({ type: 'spki', format: 'pem' }) as string;
  const p384 = parseSignatureKey(signatureKey.parse({ id: 'a', publicKey: pem(ec.publicKey) }));
  assert.equal(p384.algorithm, 'ecdsa-p384-sha384');
  const raw = sign('sha384', Buffer.from(base), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
  assert.equal(isSignedBy(p384, base, raw), true);
  assert.equal(isSignedBy(p384, base, sign('sha384', Buffer.from(base), ec.privateKey)), false, 'DER is no such form');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const row = { id: 'b', publicKey: pem(rsa.publicKey) };
  const old = parseSignatureKey(signatureKey.parse({ ...row, algorithm: 'rsa-v1_5-sha256' }));
  const usual = parseSignatureKey(signatureKey.parse(row));
  const pkcs = sign('sha256', Buffer.from(base), rsa.privateKey);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const pss = sign('sha512', Buffer.from(base), { key: rsa.privateKey, padding, saltLength: 64 });
  assert.deepEqual([isSignedBy(old, base, pkcs), isSignedBy(usual, base, pkcs)], [true, false]);
  assert.deepEqual([isSignedBy(old, base, pss), isSignedBy(usual, base, pss)], [false, true]);
  const saltLength = constants.RSA_PSS_SALTLEN_MAX_SIGN;
  const salted = sign('sha512', Buffer.from(base), { key: rsa.privateKey, padding, saltLength });
  assert.equal(isSignedBy(usual, base, salted), true, 'as http-message-signatures signs');
  const rows = [Buffer.alloc(0), Buffer.alloc(64), Buffer.alloc(96), Buffer.alloc(5000)];
  for (const key of [...keys.values(), p384, usual])
    for (const signature of rows) assert.equal(isSignedBy(key, base, signature), false);
});
