import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isPattern,
  isTag,
  matchesPattern,
  parseCacheExpire,
  parseCacheTimeout,
  parseTags,
} from '../../../src/cache/service-words.ts';

test('times as services of k-fastify-gateway write them', () => {
  const known = {
    '1 hour': 3_600_000,
    '30 seconds': 30_000,
    '5m': 300_000,
    '1.5 h': 5_400_000,
    '500': 500,
    '2 Days': 172_800_000,
    '1w': 604_800_000,
  };
  for (const [text, ms] of Object.entries(known)) assert.equal(parseCacheTimeout(text), ms, text);
  for (const text of ['', 'soon', '-1 hour', '1 fortnight', 'hour'])
    assert.equal(parseCacheTimeout(text), undefined, text);
  assert.equal(parseCacheTimeout(['1 hour', '2 hours']), undefined);
});

test('a star stands for any characters, and nothing else for more than itself', () => {
  const yes = [
    ['/a/numbers', '*/numbers'],
    ['/a', '/a'],
    ['/a/b/c', '/a*c'],
    ['/a/b/c', '/*/b/*'],
    ['', '*'],
    ['aa', 'a*a'],
    ['abab', '*ab'],
    ['x.y', '*.*'],
  ];
  for (const [text = '', pattern = ''] of yes) assert.ok(matchesPattern(text, pattern), `${text} ${pattern}`);
  const no = [
    ['/a/numbers2', '*/numbers'],
    ['/a', '/b'],
    ['a', 'a*a'],
    ['/a/b', '/a'],
    ['xzy', 'x.y'],
    ['abc', '*b'],
  ];
  for (const [text = '', pattern = ''] of no) assert.ok(!matchesPattern(text, pattern), `${text} ${pattern}`);
});

test('a pattern of many stars takes no time', () => {
  const startedAtMs = performance.now();
  assert.equal(matchesPattern('a'.repeat(8000), `${'*a'.repeat(16)}*b`), false);
  assert.ok(performance.now() - startedAtMs < 100);
  assert.equal(isPattern('*'.repeat(17)), false);
  assert.equal(isPattern('x'.repeat(401)), false);
  assert.equal(isPattern('/a b'), false);
});

test('patterns and tags are lists', () => {
  assert.deepEqual(parseCacheExpire('*/a, */b'), ['*/a', '*/b']);
  assert.deepEqual(parseCacheExpire(undefined), []);
  assert.deepEqual(parseTags('a, b', 'c  d'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(parseTags(undefined, undefined), []);
  assert.equal(parseTags(Array.from({ length: 65 }, (_, index) => `t${index}`).join(','), undefined), undefined);
  assert.deepEqual([isTag('a'), isTag('a,b'), isTag('a b'), isTag('')], [true, false, false, false]);
});
