import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey, isPlausibleApiKey } from '../../../src/auth/api-key-format.ts';

test('a key that the gateway made has one shape, and is never made twice', () => {
  const keys = Array.from({ length: 500 }, createApiKey);
  for (const key of keys) {
    assert.match(key, /^tpk_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    assert.equal(isPlausibleApiKey(key), true, key);
  }
  assert.equal(new Set(keys).size, keys.length);
});

test('a typing error in a key of ours is seen without asking anyone', () => {
  const key = createApiKey();
  const otherDigit = key[10] === 'x' ? 'y' : 'x';
  for (const bad of [
    `${key.slice(0, 10)}${otherDigit}${key.slice(11)}`,
    key.slice(0, -1),
    `${key}0`,
    'tpk_',
    'tpk_a_b',
    `${key}\n`,
  ])
    assert.equal(isPlausibleApiKey(bad), false, JSON.stringify(bad));
});

test('a key of another make may be any that is not blank', () => {
  for (const key of ['', ' ', '\t\n']) assert.equal(isPlausibleApiKey(key), false, JSON.stringify(key));
  for (const key of ['partner-key', 'sk_live_1', 'TPK_x']) assert.equal(isPlausibleApiKey(key), true, key);
});

test('what is stored of a key is its SHA-256', () => {
  assert.equal(hashApiKey('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
