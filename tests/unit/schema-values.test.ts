import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import {
  duration,
  later,
  network,
  oneOrMany,
  parseDurationMs,
  parseInstantMs,
  parseSizeBytes,
  size,
} from '../../src/schema-values.ts';

/** What a person is told of this value. */
function faultOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

test('a duration has a unit and becomes milliseconds', () => {
  const written = { '500ms': 500, '30s': 30_000, '1.5m': 90_000, '1h': 3_600_000, '1d': 86_400_000, '0s': 0 };
  for (const [text, ms] of Object.entries(written)) assert.equal(parseDurationMs(text), ms, text);
  for (const bad of [
    '',
    '30',
    's',
    '30 s',
    ' 30s',
    '30S',
    '-1s',
    '1e3s',
    '30sec',
    '1h30m',
    '0x1s',
    '.5s',
    '1234567890s',
  ])
    assert.equal(parseDurationMs(bad), undefined, bad);
});

test('a size has a unit, counts in powers of 1024, and becomes whole bytes', () => {
  const written = { '512b': 512, '64kb': 65_536, '1mb': 1_048_576, '2gb': 2_147_483_648, '0.5kb': 512, '0.001kb': 1 };
  for (const [text, bytes] of Object.entries(written)) assert.equal(parseSizeBytes(text), bytes, text);
  for (const bad of ['', '1', '1k', '1 mb', '1MB', '-1b', '1mib']) assert.equal(parseSizeBytes(bad), undefined, bad);
});

test('a fault is told in the words of the file', () => {
  assert.equal(faultOf(duration(), 30), 'a duration needs a unit: "30s", not a bare number (units: ms, s, m, h, d)');
  assert.equal(faultOf(size(), '1 xb'), 'expected a size such as "1mb" (units: b, kb, mb, gb)');
  assert.equal(faultOf(size(), '1 MB'), 'expected a size such as "1mb" (units: b, kb, mb, gb): did you mean "1mb"?');
  assert.equal(faultOf(duration(), null), 'expected a duration such as "30s" (units: ms, s, m, h, d)');
  const bounded = duration({ min: '10ms', max: '1d' });
  for (const text of ['9ms', '25h']) assert.equal(faultOf(bounded, text), 'must be at least 10ms and at most 1d', text);
  for (const text of ['10ms', '24h']) assert.equal(faultOf(bounded, text), undefined, text);
});

test('one value or a list of them is a list in the code', () => {
  const schema = oneOrMany(duration());
  assert.deepEqual([schema.parse('1s'), schema.parse(['1s', '2s'])], [[1_000], [1_000, 2_000]]);
  assert.equal(schema.safeParse([]).success, false);
});

test('a network that is none is refused with an example', () => {
  assert.match(faultOf(network, '10.0.0.0/33') ?? '', /"10\.0\.0\.0\/8"/);
  assert.equal(network.parse('10.0.0.0/8'), '10.0.0.0/8');
});

test('a date is midnight UTC, a time names its zone, and days that no month has are none', () => {
  assert.equal(parseInstantMs('2027-01-31'), Date.UTC(2027, 0, 31));
  assert.equal(parseInstantMs('2027-01-31T06:00:00Z'), Date.UTC(2027, 0, 31, 6));
  assert.equal(parseInstantMs('2027-01-31T01:30+02:00'), Date.UTC(2027, 0, 30, 23, 30));
  for (const bad of [
    '2027-02-30',
    '2027-13-01',
    '2027-01-31T06:00:00',
    '2027-1-1',
    '31.1.2027',
    '2027-01-31T25:00Z',
    '',
  ])
    assert.equal(parseInstantMs(bad), undefined, bad);
});

test('later is a duration or a time', () => {
  assert.deepEqual(later.parse('10m'), { afterMs: 600_000 });
  assert.deepEqual(later.parse('2027-01-31'), { atMs: Date.UTC(2027, 0, 31) });
  assert.match(faultOf(later, 'soon') ?? '', /duration such as "10m", or a date/);
  assert.match(faultOf(later, 10) ?? '', /duration such as "10m", or a date/);
});
