import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readKey } from '../../../src/idempotency/key.ts';

test('a key is a string of structured fields, or stands without its quotes', () => {
  for (const [field, key] of [
    ['"8e03978e-40d5"', '8e03978e-40d5'],
    ['8e03978e-40d5', '8e03978e-40d5'],
    ['  "a b"  ', 'a b'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"a";v=1; w="x"', 'a'],
    ['order:17/a=', 'order:17/a='],
    [`"${'k'.repeat(255)}"`, 'k'.repeat(255)],
  ] as const)
    assert.equal(readKey(field), key, field);
});

test('what is no key is none', () => {
  const none = [
    '',
    ' ',
    '""',
    '" "',
    '"a',
    'a"b c',
    'a b',
    '"a" b',
    '"a", "b"',
    'a, b',
    '"a\\b"',
    '"é"',
    'é',
    '"a";',
    '"a";=1',
  ];
  for (const field of [...none, 'k'.repeat(256), `"${'k'.repeat(256)}"`, '\u0001', '"\t"'])
    assert.equal(readKey(field), undefined, field);
});

test('a long field costs no long look', () => {
  const startedAtMs = performance.now();
  readKey(`"${'a'.repeat(16_000)}`);
  readKey(`"a"${'; '.repeat(500)}`);
  readKey(`"a"${';a= '.repeat(250)}"`);
  assert.ok(performance.now() - startedAtMs < 100);
});
