import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDirectives, parseSeconds, splitElements } from '../../../src/cache/directives.ts';

test('names are read in any case, values plain or quoted', () => {
  const said = parseDirectives('Max-Age=60, s-maxage="30", NO-CACHE="a, B", x="a\\"b"');
  assert.deepEqual([said.seconds('max-age'), said.seconds('s-maxage')], [60, 30]);
  assert.deepEqual(said.fieldNames('no-cache'), ['a', 'b']);
  assert.deepEqual([said.isUnqualified('no-cache'), said.has('x'), said.has('b')], [false, true, false]);
});

test('two that contradict each other are the shorter one, and what is no number is 0', () => {
  assert.equal(parseDirectives(['max-age=9', 'max-age=3']).seconds('max-age'), 3);
  for (const value of ['', 'x', '-1', '1.5', "'1'", '1 2']) {
    assert.equal(parseDirectives(`max-age=${value}`).seconds('max-age') ?? 0, 0, value);
  }
});

test('what forbids to store is seen in text that can not be read', () => {
  for (const text of ['max-age=60; no-store', 'no-store no-cache', 'x="private', 'private;', '=no-store']) {
    const said = parseDirectives(text);
    assert.ok(said.has('no-store') || said.has('private'), text);
  }
});

test('lists are split outside of quotes', () => {
  assert.deepEqual(splitElements('"a,b", W/"c\\"," , ,d'), ['"a,b"', 'W/"c\\","', 'd'].slice(0, 3));
});

test('seconds are bounded', () => {
  assert.equal(parseSeconds('99999999999'), 2 ** 31);
  assert.equal(parseSeconds('007'), 7);
  assert.equal(parseSeconds('+7'), undefined);
});

test('what clients and services make up is bounded', () => {
  const long = Array.from({ length: 5000 }, (_, index) => `x${index}`).join(',');
  assert.deepEqual([parseDirectives(long).has('no-store'), parseDirectives(long).has('x1')], [true, false]);
  for (let i = 0; i < 2000; i++) parseDirectives(`max-age=${i}`);
  assert.equal(parseDirectives('max-age=7').seconds('max-age'), 7);
});
