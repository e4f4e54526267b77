import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasUniqueItems } from '../../../src/validate/unique-items.ts';

test('items are equal whatever the order of their keys, and different where their types are', () => {
  assert.equal(
    hasUniqueItems([
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]),
    false,
  );
  assert.equal(
    hasUniqueItems([
      [1, [2]],
      [1, [2]],
    ]),
    false,
  );
  assert.equal(hasUniqueItems([1, '1', true, 'true', null, 'null', [1], ['1'], {}, []]), true);
  assert.equal(hasUniqueItems([0, -0]), false);
  assert.equal(hasUniqueItems([{ a: '1,"b":2' }, { a: '1', b: 2 }]), true);
  assert.equal(hasUniqueItems([JSON.parse('{"__proto__":1}'), {}]), true);
});
