import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { findWeakness } from '../../../src/audit/secrets.ts';

test('secrets of tutorials, and those that are no more than their words, are weak', () => {
  for (const secret of [
    'changeme',
    'change-me-change-me-change-me-123456',
    'your-256-bit-secret',
    'a-string-secret-at-least-256-bits-long',
    'please-replace-this-with-a-random-value',
    'super-secret-password-for-development-1234',
    'my-very-long-and-secure-jwt-secret-key',
    '<your secret here, at least 32 bytes>',
    'demo-secret-of-webhooks',
  ])
    assert.ok(findWeakness(secret) !== undefined, secret);
});

test('secrets with few different characters, runs and repeats are weak', () => {
  for (const secret of [
    's'.repeat(48),
    '0123456789'.repeat(4),
    '0123456789abcdef0123456789abcdef',
    'abcdefghijklmnopqrstuvwxyz123456',
    'swordfish'.repeat(5),
  ])
    assert.ok(findWeakness(secret) !== undefined, secret);
});

test('random secrets are not, in whatever way they are written', () => {
  for (let round = 0; round < 300; round++) {
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      const secret = randomBytes(24).toString(form);
      assert.equal(findWeakness(secret), undefined, secret);
    }
  }
  assert.equal(findWeakness('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), undefined);
  assert.equal(findWeakness('correct horse battery staple seven'), undefined);
});
