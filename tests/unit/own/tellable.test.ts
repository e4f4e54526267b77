import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellable, tellableFields } from '../../../src/own/tellable.ts';

function throwing(): never {
  throw new Error('read');
}

test('what can be read is told as it is', () => {
  const error = new Error('x', { cause: new Error('y') });
  for (const one of [error, 'text', undefined, null, 3]) assert.equal(tellable(one), one);
});

test('what throws where it is read is told as that, and the rest of its line stays', () => {
  const odd = Object.defineProperty(new Error('m'), 'message', { get: throwing });
  for (const one of [odd, new Error('m', { cause: odd }), { toJSON: throwing }, { toString: throwing }])
    assert.match(String(tellable(one)), /can not be read/);
  assert.equal(tellableFields({ a: 1, b: { toJSON: throwing } })['a'], 1);
  const getter = Object.defineProperty({}, 'a', { get: throwing, enumerable: true });
  assert.match(String(tellableFields(getter)['error']), /read/);
  assert.deepEqual(tellableFields(undefined), {});
});
