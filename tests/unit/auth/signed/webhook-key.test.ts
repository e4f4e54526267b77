import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { parseWebhookSecret, type SecretCoding } from '../../../../src/auth/signed/webhook-key.ts';
import { pemOf } from '../../../support/auth.ts';

const read = (text: string, coding: SecretCoding): string => {
  try {
    const { kind, key } = parseWebhookSecret(text, coding);
    return `${kind} ${key.symmetricKeySize ?? key.asymmetricKeyType}`;
  } catch (error) {
    return (error as Error).message;
  }
};

test('a secret stands for its bytes as the provider says', () => {
  assert.equal(read('a text of 16 byt', 'text'), 'hmac 16');
  assert.equal(read('00'.repeat(20), 'hex'), 'hmac 20');
  assert.equal(read(Buffer.alloc(24).toString('base64'), 'base64'), 'hmac 24');
  assert.equal(read(`whsec_${Buffer.alloc(24).toString('base64')}`, 'standard-webhooks'), 'hmac 24');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  assert.equal(read(`whpk_${raw.toString('base64')}`, 'standard-webhooks'), 'ed25519 ed25519');
  for (const text of [raw.toString('hex'), raw.toString('base64'), pemOf(publicKey)])
    assert.equal(read(text, 'ed25519'), 'ed25519 ed25519');
  assert.match(read(pemOf(privateKey), 'ed25519'), /private key/);
});

test('what is too short, of another kind or no such text is refused without being repeated', () => {
  assert.match(read('short', 'text'), /5 bytes/);
  assert.match(read('zz'.repeat(20), 'hex'), /not written in hex/);
  assert.match(read('no base64 at all', 'base64'), /not written in base64/);
  assert.match(read('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'standard-webhooks'), /whsec_/);
  assert.match(read('whsec_!!', 'standard-webhooks'), /no base64/);
  assert.match(read('whpk_AAAA', 'standard-webhooks'), /32 bytes/);
  assert.match(read('nonsense-key', 'ed25519'), /no Ed25519 public key/);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  assert.match(read(pemOf(publicKey), 'text'), /key pair/);
  const der = publicKey.export({ format: 'der', type: 'spki' });
  assert.match(read(der.toString('hex'), 'hex'), /key pair/);
  assert.match(read(der.toString('hex').toUpperCase(), 'text'), /key pair/);
  assert.match(read(`whpk_${Buffer.alloc(32, 7).toString('base64')}`, 'text'), /key pair/);
  assert.match(read(pemOf(publicKey), 'ed25519'), /no Ed25519/);
  for (const text of [read('nonsense-key', 'ed25519'), read('whsec_!!', 'standard-webhooks')])
    assert.doesNotMatch(text, /nonsense|!!/);
});
