import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctFields } from '../../../src/lib/distinct-fields.ts';

test('fields are gathered by name, whatever its case, with each of their values', () => {
  assert.deepEqual(
    [...distinctFields(['X-A', '1', 'accept', 'b', 'x-a', '2', '__proto__', '3'])],
    [
      ['x-a', ['1', '2']],
      ['accept', ['b']],
      ['__proto__', ['3']],
    ],
  );
});
