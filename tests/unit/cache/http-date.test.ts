import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHttpDate } from '../../../src/cache/http-date.ts';

const NOW = Date.UTC(2026, 0, 1);

test('the three forms of a date are one instant', () => {
  const ms = Date.UTC(1994, 10, 6, 8, 49, 37);
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'sun, 06 NOV 1994 08:49:37 gmt',
  ]) {
    assert.equal(parseHttpDate(text, NOW), ms, text);
  }
});

test('a year of two digits lies at most fifty years ahead', () => {
  assert.equal(parseHttpDate('Thursday, 01-Jan-70 00:00:00 GMT', NOW), Date.UTC(2070, 0, 1));
  assert.equal(parseHttpDate('Thursday, 01-Jan-77 00:00:00 GMT', NOW), Date.UTC(1977, 0, 1));
});

test('anything else is no date', () => {
  for (const text of [
    '',
    '0',
    '-1',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    '1994-11-06T08:49:37Z',
  ]) {
    assert.equal(parseHttpDate(text, NOW), undefined, text);
  }
  assert.equal(parseHttpDate(undefined, NOW), undefined);
  assert.equal(parseHttpDate(['Sun, 06 Nov 1994 08:49:37 GMT'], NOW), undefined);
});
