import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldBytes } from '../../../src/lib/held-bytes.ts';

test('what is kept is bounded for all and for each caller, and what is given back is free', () => {
  const held = new HeldBytes(100, 60);
  assert.equal(held.take('a', 60), true);
  assert.equal(held.take('a', 1), false, 'one caller leaves room for others');
  assert.equal(held.take('b', 40), true);
  assert.equal(held.take('c', 1), false);
  held.give('a', 60);
  assert.equal(held.take('c', 60), true);
  held.give('b', 40);
  held.give('c', 60);
  assert.equal(held.total, 0);
});
