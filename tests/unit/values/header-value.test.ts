import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedFieldValue } from '../../../src/values/header-value.ts';

test('ASCII stays as it is, without blanks at its ends', () => {
  assert.equal(checkedFieldValue('x-a', ' a b\tc%20 '), 'a b\tc%20');
  assert.equal(checkedFieldValue('x-a', ''), '');
});

test('other characters are percent-encoded as UTF-8, and so is the percent sign beside them', () => {
  assert.equal(checkedFieldValue('x-a', 'Zoë 100%'), 'Zo%C3%AB 100%25');
  assert.equal(checkedFieldValue('x-a', '日本 \ud800'), '%E6%97%A5%E6%9C%AC %EF%BF%BD');
});

test('line breaks, other control characters and endless values are refused', () => {
  for (const text of [
    'a\r\nx-admin: 1',
    'a\nb',
    '\u0000',
    'a\u007f',
    '\u0085',
    '\u0001ä',
    'x'.repeat(8193),
    'ä'.repeat(2000),
  ])
    assert.throws(
      () => checkedFieldValue('x-a', text),
      { code: 'expression_failed' },
      JSON.stringify(text.slice(0, 20)),
    );
});
