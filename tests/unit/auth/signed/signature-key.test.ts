import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { parseSignatureKey, signatureKey } from '../../../../src/auth/signed/signature-key.ts';
import { createKeys, pemOf } from '../../../support/auth.ts';

const faultOf = (row: object): string => {
  try {
    return parseSignatureKey(signatureKey.parse({ id: 'k', ...row })).algorithm;
  } catch (error) {
    return (error as Error).message;
  }
};

test('a key that would let others sign, or that proves nothing, is refused, and never repeated', () => {
  const { publicKey, privateKey } = createKeys('ec');
  const secret = 'a secret of the tests, of 32 bytes or more';
  assert.equal(faultOf({ secret }), 'hmac-sha256');
  assert.equal(faultOf({ publicKey: pemOf(publicKey) }), 'ecdsa-p256-sha256');
  assert.equal(faultOf({ publicKey: publicKey.export({ format: 'jwk' }) }), 'ecdsa-p256-sha256');
  assert.match(faultOf({ secret: pemOf(publicKey) }), /key of a key pair/);
  const der = publicKey.export({ format: 'der', type: 'spki' });
  for (const secretEncoding of ['hex', 'base64'] as const)
    assert.match(faultOf({ secret: der.toString(secretEncoding), secretEncoding }), /key of a key pair/);
  assert.match(faultOf({ publicKey: pemOf(privateKey) }), /private key/);
  assert.match(faultOf({ publicKey: JSON.stringify(privateKey.export({ format: 'jwk' })) }), /private key/);
  assert.match(faultOf({ publicKey: { ...publicKey.export({ format: 'jwk' }), use: 'enc' } }), /not for signatures/);
  assert.match(faultOf({ publicKey: 'nonsense-that-is-no-key' }), /no public key/);
  assert.doesNotMatch(faultOf({ publicKey: 'nonsense-that-is-no-key' }), /nonsense/);
  assert.match(faultOf({ secret: 'short' }), /5 bytes/);
  assert.match(faultOf({ secret, publicKey: pemOf(publicKey) }), /either/);
  assert.match(faultOf({}), /either/);
  assert.match(faultOf({ publicKey: pemOf(publicKey), algorithm: 'ed25519' }), /can not be used with ed25519/);
  assert.match(faultOf({ publicKey: pemOf(publicKey), algorithm: 'hmac-sha256' }), /can not be used/);
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  assert.match(faultOf({ publicKey: pemOf(weak) }), /of no use/);
  const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
  assert.match(faultOf({ publicKey: pemOf(odd) }), /of no use/);
});
