import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepKeyed } from '../../../src/cache/key.ts';

test('parameters that are named stay as they came, in their order', () => {
  const names = new Set(['a', 'b c']);
  assert.equal(keepKeyed('?x=1&a=%31&y&a=2', names), '?a=%31&a=2');
  assert.equal(keepKeyed('?%61=1&b+c=2&b%20c=3', names), '?%61=1&b+c=2&b%20c=3');
  assert.equal(keepKeyed('?x=1', names), '');
  assert.equal(keepKeyed('', names), '');
  assert.equal(keepKeyed('?', names), '?');
  assert.equal(keepKeyed('?%zz=1&a', names), '?a');
});
