import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepFreeze } from '../../../src/lib/deep-freeze.ts';

test('all that is in a value is frozen, whatever leads back to it', () => {
  const value: { list: { a: number }[]; self?: object } = { list: [{ a: 1 }] };
  value.self = value;
  assert.equal(deepFreeze(value), value);
  for (const one of [value, value.list, value.list[0]]) assert.ok(Object.isFrozen(one));
  assert.equal(deepFreeze(undefined), undefined);
  assert.equal(deepFreeze('text'), 'text');
});
