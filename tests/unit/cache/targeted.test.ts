import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTargeted } from '../../../src/cache/targeted.ts';

test('a dictionary of structured fields', () => {
  const said = parseTargeted('max-age=60;x="y", private=?0, must-revalidate, foo=:YQ==:, bar=tok/en, d=@1');
  assert.deepEqual([said?.seconds('max-age'), said?.has('private'), said?.has('must-revalidate')], [60, false, true]);
});

test('of members of one name the last one holds, over lines too', () => {
  assert.equal(parseTargeted(['max-age=1, max-age=2', 'max-age=3'])?.seconds('max-age'), 3);
});

test('what is malformed, empty or of another type is ignored whole', () => {
  for (const text of [
    '',
    ' ',
    'max-age',
    'max-age="1"',
    'max-age=?1',
    'max-age=1.0',
    'max-age=-1',
    'Max-Age=1',
    'max-age=1,',
    'max-age=1 private',
    'max-age =1',
    'a="',
    'a=&',
    ',a',
  ]) {
    assert.equal(parseTargeted(text), undefined, text);
  }
});
