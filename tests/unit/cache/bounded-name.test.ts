import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedName } from '../../../src/cache/bounded-name.ts';

test('a short text is its own name in this process, and tells nothing outside of it', () => {
  assert.equal(boundedName('3:abc', true), '3:abc');
  assert.match(boundedName('3:abc', false), /^[\w-]{43}$/);
});

test('however long a text is, its name is short', () => {
  assert.match(boundedName('a:'.repeat(2000), true), /^[\w-]{43}$/);
  assert.notEqual(boundedName('a:'.repeat(2000), true), boundedName('a:'.repeat(2001), true));
});
