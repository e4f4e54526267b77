import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { hashApiKey } from '../../src/auth/api-key-format.ts';
import { ApiKeys, UNKNOWN_KEY } from '../../src/auth/api-keys.ts';
import { consumerRow } from '../../src/auth/consumers.ts';
import { Refusal } from '../../src/auth/identity.ts';
import { RedisApiKeys } from '../../src/auth/redis-api-keys.ts';
import { parseSecret } from '../../src/auth/signing-keys.ts';
import type { ConfigError } from '../../src/config/config-error.ts';
import { parseSettings } from '../../src/config/env.ts';
import { authenticateStage } from '../../src/stages/authenticate.ts';
import { faultsOf, NOW_MS, SECRET } from '../support/auth.ts';

/** The open door: what anybody may know stands where a secret should, and whoever knows it passes. */

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();

const PUBLIC_KEYS: Readonly<Record<string, string>> = {
  PEM: spki,
  'PEM of one line': spki.replaceAll('\n', '\\n'),
  'PEM behind a blank line': `\n ${spki}`,
  'its base64 alone': publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  'a JWK': JSON.stringify(publicKey.export({ format: 'jwk' })),
  'a certificate': '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----\n',
};

for (const [form, text] of Object.entries(PUBLIC_KEYS)) {
  test(`a public key is no HMAC secret: ${form}`, () => {
    assert.throws(() => parseSecret(text), /public key.*"publicKey".*JWT_PUBLIC_KEY_FILE/);
    const [fault = ''] = faultsOf(authenticateStage, { file: { issuers: [{ issuer: 'a', secret: text }] } });
    assert.match(fault, /issuers.*public key/);
    assert.throws(
      () => parseSettings({ JWT_SECRET: text }),
      (error: ConfigError) => error.faults.length === 1 && /public key/.test(error.faults[0]?.message ?? ''),
    );
  });
}

test('nor is a private key, which has no business in a gateway', () => {
  for (const text of [
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    JSON.stringify(privateKey.export({ format: 'jwk' })),
  ]) {
    assert.throws(() => parseSecret(text), /private key.*public one/);
  }
});

test('a secret of any other shape is one', () => {
  for (const text of [SECRET, 'MIIB'.repeat(12), '{"k":"0123456789012345678901234567890"}'])
    assert.equal(parseSecret(text).type, 'secret');
});

const ofNothing = (text: string) => ({ name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(text) }] });

test('the hash of no key is refused, as `sha256sum` gives it of a variable that is not set', () => {
  for (const text of ['', '\n', '\r\n', ' ']) {
    for (const sha256 of [hashApiKey(text), hashApiKey(text).toUpperCase()]) {
      const { error } = consumerRow.safeParse({ name: 'app', keys: [{ id: 'k1', sha256 }] });
      assert.match(error?.message ?? '', /hash of an empty text/, JSON.stringify(text));
    }
  }
});

test('a key that is empty or blank is no key, whatever hashes there are', () => {
  for (const text of ['', ' ', '\t', '   ', '\n']) {
    const row = { ...consumerRow.parse({ name: 'app' }), ...ofNothing(text) };
    assert.ok(new ApiKeys([row]).check(text, NOW_MS) instanceof Refusal, JSON.stringify(text));
    // Not "unavailable": Redis is not even asked.
    assert.equal(
      new RedisApiKeys(undefined, { now: () => NOW_MS }, { warn() {} } as never).check(text, NOW_MS),
      UNKNOWN_KEY,
    );
  }
});
