import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMediaType } from '../../../src/lib/media-type.ts';

test('a media type is read with its parameters, quoted or not', () => {
  const found = parseMediaType('Text/Plain; Charset="ut\\f-8" ;; x=1');
  assert.equal(found?.type, 'text/plain');
  assert.deepEqual(
    [...(found?.parameters ?? [])],
    [
      ['charset', 'utf-8'],
      ['x', '1'],
    ],
  );
});

test('a list, a range, and what is cut off are no media type', () => {
  for (const text of [
    '',
    'text',
    'text/',
    'text/*',
    '*/*',
    'text/a/b',
    'text/a,',
    'text/a, text/b',
    'text/a;x',
    'text/a;x=',
    'text/a;x="',
    'text/a;x=1;X=2',
    'text/a b',
    'text/a; x="\u0001"',
  ]) {
    assert.equal(parseMediaType(text), undefined, text);
  }
});
