import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey, isPlausibleApiKey } from '../../src/auth/api-key-format.ts';
import { ApiKeys } from '../../src/auth/api-keys.ts';
import { consumerRow } from '../../src/auth/consumers.ts';
import { Refusal } from '../../src/auth/identity.ts';
import { NOW_MS } from '../support/auth.ts';

const KEY = createApiKey();
const HASH = hashApiKey(KEY);
const CONSUMER = consumerRow.parse({ name: 'app', keys: [{ id: 'k1', sha256: HASH }] });

const ATTACKS: Readonly<Record<string, string>> = {
  'the stored hash itself': HASH,
  'another case': KEY.toUpperCase(),
  'a blank behind it': `${KEY} `,
  'the key twice': `${KEY}, ${KEY}`,
  'one character less': KEY.slice(0, -1),
  'one character more': `${KEY}0`,
  'a changed character': KEY.replace(/^tpk_./, (start) => (start === 'tpk_A' ? 'tpk_B' : 'tpk_A')),
  'another valid checksum': createApiKey(),
  nothing: '',
  'a megabyte': 'x'.repeat(1024 * 1024),
  'a name of Object.prototype': '__proto__',
};

for (const [attack, key] of Object.entries(ATTACKS)) {
  test(`a key is refused, always for the same reason: ${attack}`, () => {
    const outcome = new ApiKeys([CONSUMER]).check(key, NOW_MS);
    assert.ok(outcome instanceof Refusal);
    assert.equal(outcome.reason, 'the API key is not known');
  });
}

test('what the attacks are made from is a good key', () => {
  assert.ok(!(new ApiKeys([CONSUMER]).check(KEY, NOW_MS) instanceof Refusal));
});

test('a key of another make is known by its hash', () => {
  const own = 'legacy-key-0001';
  const consumer = consumerRow.parse({ name: 'old', keys: [{ id: 'k1', sha256: hashApiKey(own).toUpperCase() }] });
  assert.ok(!(new ApiKeys([consumer]).check(own, NOW_MS) instanceof Refusal));
});

test('a lookalike of our keys is told by its checksum, without hashing', () => {
  assert.match(KEY, /^tpk_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  assert.equal(isPlausibleApiKey(KEY), true);
  assert.equal(isPlausibleApiKey(`tpk_${'A'.repeat(43)}_000000`), false);
});

test('keys do not repeat, and use the whole alphabet in every place', () => {
  const keys = Array.from({ length: 2000 }, createApiKey);
  assert.equal(new Set(keys).size, keys.length);
  for (const place of [10, 25, 46]) assert.equal(new Set(keys.map((key) => key[place])).size, 62);
});
