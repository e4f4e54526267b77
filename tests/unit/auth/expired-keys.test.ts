import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiredKeys } from '../../../src/auth/expired-keys.ts';

const MINUTE_MS = 60_000;
const key = (consumer: string) => ({ consumer, keyId: 'k1', sinceMs: 5 });

test('refusals of the last ten minutes are counted by key', () => {
  let nowMs = 0;
  const keys = new ExpiredKeys({ now: () => nowMs });
  keys.count(key('shop'));
  nowMs = 5 * MINUTE_MS;
  keys.count(key('shop'));
  keys.count(key('mobile'));
  assert.deepEqual(
    keys.list().map(({ consumer, times, firstAtMs, lastAtMs }) => [consumer, times, firstAtMs, lastAtMs]),
    [
      ['shop', 2, 0, nowMs],
      ['mobile', 1, nowMs, nowMs],
    ],
  );
  nowMs = 12 * MINUTE_MS;
  assert.deepEqual(
    keys.list().map(({ consumer, times }) => [consumer, times]),
    [
      ['shop', 1],
      ['mobile', 1],
    ],
  );
  nowMs = 16 * MINUTE_MS;
  assert.deepEqual(keys.list(), []);
});

test('a hundred are told apart, those that were refused last', () => {
  const keys = new ExpiredKeys({ now: () => 0 });
  for (let i = 0; i < 150; i += 1) keys.count(key(`c${i}`));
  const names = keys.list().map(({ consumer }) => consumer);
  assert.equal(names.length, 100);
  assert.deepEqual([names[0], names[99]], ['c50', 'c149']);
});
