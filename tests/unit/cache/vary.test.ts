import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVary, uniteVary, variantName } from '../../../src/cache/vary.ts';

const name = (told: Record<string, string>, vary = ['accept-language', 'foo']) =>
  variantName('x', vary, new Map(Object.entries(told)), false);

test('names are sorted, each once; a star, and too many, match nothing', () => {
  assert.deepEqual(parseVary(['Foo, Bar', 'foo']), ['bar', 'foo']);
  assert.deepEqual(parseVary(undefined), []);
  assert.deepEqual(parseVary(''), []);
  assert.equal(parseVary('Foo, *'), undefined);
  assert.equal(parseVary(Array.from({ length: 21 }, (_, index) => `x${index}`).join()), undefined);
  assert.deepEqual(uniteVary(['a'], ['b', 'a']), ['a', 'b']);
});

test('values that mean the same are the same variant', () => {
  assert.equal(name({ 'accept-language': 'EN , de' }), name({ 'accept-language': 'en,de' }));
  assert.equal(name({ foo: 'a, b' }), name({ foo: 'a,b' }));
});

test('values that may mean something else are not', () => {
  const all = [
    { foo: 'a' },
    { foo: 'A' },
    { foo: '' },
    {},
    { foo: '"a, b"' },
    { foo: '"a,b"' },
    { 'accept-language': 'a' },
  ].map((told) => name(told as Record<string, string>));
  assert.equal(new Set(all).size, all.length);
});
