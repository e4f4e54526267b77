import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapePointer, findAtPointer, pointerKeys, pointerOfFragment } from '../../../src/lib/json-pointer.ts';

test('a pointer finds own values alone', () => {
  const root = { 'a/b': { 'c~d': [10, 20] }, '': 1 };
  assert.equal(findAtPointer(root, '/a~1b/c~0d/1'), 20);
  assert.equal(findAtPointer(root, ''), root);
  assert.equal(findAtPointer(root, '/'), 1);
  assert.equal(findAtPointer(root, '/constructor'), undefined);
  assert.equal(findAtPointer(root, '/a~1b/c~0d/length'), undefined);
  assert.equal(findAtPointer(root, '/a~1b/c~0d/01'), undefined);
  assert.equal(findAtPointer(root, 'a'), undefined);
});

test('keys are escaped, and a fragment is decoded', () => {
  assert.deepEqual(pointerKeys(`/${escapePointer('a/b~1')}/c`), ['a/b~1', 'c']);
  assert.equal(pointerOfFragment('/%C3%A9'), '/é');
  assert.equal(pointerOfFragment('/%'), undefined);
});
