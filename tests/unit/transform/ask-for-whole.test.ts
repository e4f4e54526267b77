import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askForWhole } from '../../../src/transform/ask-for-whole.ts';

test('a service is asked for all of it, in codings that can be undone', () => {
  const fields = [
    'Accept-Encoding',
    'gzip;q=0.5, sdch, BR , *;q=0.1',
    'Range',
    'bytes=0-1',
    'if-range',
    '"a"',
    'If-None-Match',
    'W/"a"',
  ];
  askForWhole(fields);
  assert.deepEqual(fields, ['Accept-Encoding', 'gzip;q=0.5, BR', 'If-None-Match', 'W/"a"']);
  const others = ['accept-encoding', 'compress, *'];
  askForWhole(others);
  assert.deepEqual(others, ['accept-encoding', 'identity']);
  const conditions = ['If-Match', 'W/"a", "b"'];
  askForWhole(conditions);
  assert.deepEqual(conditions, ['If-Match', 'W/"a", "a", "b"']);
  const none = ['x-a', '1'];
  askForWhole(none);
  assert.deepEqual(none, ['x-a', '1']);
});
