import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writtenFields } from '../../../src/cache/written-fields.ts';

test('the names of all fields that edits touch, in one object or a list of them', () => {
  const edits = { headers: { set: { 'X-A': '1' }, add: { 'x-b': '2' }, rename: { 'x-c': 'x-d' }, remove: ['x-e'] } };
  assert.deepEqual(writtenFields(edits), ['x-a', 'x-b', 'x-c', 'x-d', 'x-e']);
  assert.deepEqual(writtenFields([{ when: 'true', headers: { set: { 'x-f': '1' } } }, edits]), [
    'x-a',
    'x-b',
    'x-c',
    'x-d',
    'x-e',
    'x-f',
  ]);
  assert.deepEqual(writtenFields(undefined), []);
});
