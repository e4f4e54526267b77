import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDebugToken, signDebugToken } from '../../../src/lib/debug-token.ts';

const NOW = 1_800_000_000_000;

test('a token is good until its time, for the secret that signed it', () => {
  const token = signDebugToken('secret', NOW + 1000);
  assert.equal(isDebugToken('secret', token, NOW), true);
  assert.equal(isDebugToken('secret', token, NOW + 1000), false);
  assert.equal(isDebugToken('another', token, NOW), false);
});

test('nothing of it can be changed, its time least of all', () => {
  const token = signDebugToken('secret', NOW - 1);
  const later = token.replace(/\d{10,}/, String(NOW + 9_999));
  for (const forged of [
    later,
    '',
    'tpd_',
    `${token}x`,
    token.slice(0, -1),
    'tpd_99999999999999.',
    `tpd_${NOW + 9}.${'A'.repeat(43)}`,
  ])
    assert.equal(isDebugToken('secret', forged, NOW), false, forged);
});
