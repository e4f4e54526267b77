import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs, withRetryAfter } from '../../../src/upstream/forward/retry-after.ts';
import { Rests } from '../../../src/upstream/rests.ts';

test('a service is left alone for as long as it asks, five minutes at most, and never for less than it asked before', () => {
  const rests = new Rests();
  assert.equal(rests.leftMs('a', 0), 0);
  rests.begin('a', 1000, 0);
  rests.begin('a', 10, 500);
  assert.equal(rests.leftMs('a', 900), 100);
  assert.equal(rests.leftMs('b', 900), 0);
  assert.equal(rests.leftMs('a', 1000), 0);
  rests.begin('a', 1e12, 0);
  assert.equal(rests.leftMs('a', 0), 300_000);
});

test('the wait is read in seconds, as a date by the clock of the service, or in milliseconds', () => {
  assert.equal(retryAfterMs({ 'retry-after': '7' }), 7000);
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  assert.equal(retryAfterMs({ date, 'retry-after': 'Sun, 06 Nov 1994 08:49:47 GMT' }), 10_000);
  assert.equal(retryAfterMs({ 'retry-after': '2', 'retry-after-ms': '1500' }), 1500);
  for (const odd of ['-1', 'soon', '', '1e9']) assert.equal(retryAfterMs({ 'retry-after': odd }), 0);
  assert.deepEqual(withRetryAfter({ 'retry-after': '9', 'retry-after-ms': '9000' }, 1200), {
    'retry-after': '2',
    'retry-after-ms': '1200',
  });
});
