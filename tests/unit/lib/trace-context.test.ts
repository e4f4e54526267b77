import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isSampled,
  readTraceparent,
  readTracestate,
  spanIdOf,
  traceIdOf,
  withSampled,
  withSpanId,
} from '../../../src/lib/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const IDS = `${TRACE}-${SPAN}`;

for (const [given, expected] of [
  [`00-${IDS}-01`, `00-${IDS}-01`],
  [`00-${IDS}-00`, `00-${IDS}-00`],
  // Flags that mean nothing yet are left out; that the id is random is kept (Level 2).
  [`00-${IDS}-03`, `00-${IDS}-03`],
  [`00-${IDS}-ff`, `00-${IDS}-03`],
  [`00-${IDS}-fc`, `00-${IDS}-00`],
  // A later version is read as far as it is known, and sent on as the one that we know.
  [`cc-${IDS}-01`, `00-${IDS}-01`],
  [`cc-${IDS}-01-what-the-future-will-be-like`, `00-${IDS}-01`],
  [`01-${IDS}-02`, `00-${IDS}-00`],
  [`cc-${IDS}-01.what`, undefined],
  [`cc-${IDS}-0`, undefined],
  [`ff-${IDS}-01`, undefined],
  [`00-${IDS}-01-more`, undefined],
  [`00-${IDS}-01-`, undefined],
  [`00-${IDS}-1`, undefined],
  [`00-${IDS}-0x`, undefined],
  [`00-${IDS}`, undefined],
  [`0-${IDS}-01`, undefined],
  [` 00-${IDS}-01`, undefined],
  [`00-${IDS.toUpperCase()}-01`, undefined],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  // Two fields, as Node joins them.
  [`00-${IDS}-01, 00-${IDS}-01`, undefined],
  [[`00-${IDS}-01`], undefined],
  ['', undefined],
  [undefined, undefined],
] as const) {
  test(`of a caller's traceparent ${JSON.stringify(given)} this is taken: ${expected}`, () => {
    assert.equal(readTraceparent(given as string), expected);
  });
}

test('the words of a traceparent', () => {
  const given = `00-${IDS}-03`;
  assert.deepEqual([traceIdOf(given), spanIdOf(given), isSampled(given)], [TRACE, SPAN, true]);
  assert.equal(withSampled(given, false), `00-${IDS}-02`);
  assert.equal(withSampled(`00-${IDS}-00`, true), `00-${IDS}-01`);
  assert.equal(withSpanId(given, '1234567890abcdef'), `00-${TRACE}-1234567890abcdef-03`);
  assert.equal(traceIdOf(''), '');
});

const many = (count: number, value = '1'): string =>
  Array.from({ length: count }, (_, i) => `k${i}=${value}`).join(',');

for (const [given, expected] of [
  ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
  ['a=1 , b=2,\tc=3', 'a=1,b=2,c=3'],
  ['a=1,,b=2,', 'a=1,b=2'],
  ['fw529a3039@dt=FfAAAA,1a-2b*/_c=x y', 'fw529a3039@dt=FfAAAA,1a-2b*/_c=x y'],
  ['a=1,a=2', 'a=1,a=2'],
  [many(32), many(32)],
  [many(33), undefined],
  ['A=1', undefined],
  ['a=1,b', undefined],
  ['a=', undefined],
  ['=1', undefined],
  ['a=1=2', undefined],
  ['a=\u00e4', undefined],
  ['', undefined],
  [' , ', undefined],
  [undefined, undefined],
  [`${'k'.repeat(256)}=1`, `${'k'.repeat(256)}=1`],
  [`${'k'.repeat(257)}=1`, undefined],
  [`a=${'v'.repeat(256)}`, `a=${'v'.repeat(256)}`],
  [`a=${'v'.repeat(257)}`, undefined],
] as const) {
  test(`of tracestate ${JSON.stringify(given)?.slice(0, 60)} this is passed on: ${expected?.slice(0, 60)}`, () => {
    assert.equal(readTracestate(given), expected);
  });
}

test('of a tracestate that is too long, long members go first, and then those at the end', () => {
  const long = `long=${'x'.repeat(200)}`;
  const tail = many(30, 'y'.repeat(20));
  const shown = readTracestate(`first=1,${long},${tail}`) as string;
  assert.ok(shown.length <= 512 && shown.length > 480, String(shown.length));
  assert.ok(shown.startsWith('first=1,k0='));
  assert.ok(!shown.includes('long='));
  assert.ok(!shown.includes('k29='));
  const fits = `first=1,${long},${many(11, 'y'.repeat(20))}`;
  assert.ok(fits.length <= 512);
  assert.equal(readTracestate(fits), fits);
});
