import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printableJson, printableLines, withoutControls, withoutMarks } from '../../../src/lib/printable.ts';

const EVIL = 'a\u001b[31m\u009b\u202eb\u2028c\u2066d\u200f\u061c';

test('what a terminal or an editor obeys is shown as a question mark', () => {
  assert.equal(withoutControls(EVIL), 'a?[31m??b?c?d??');
  assert.equal(withoutMarks('a\n\u202eb\u0085'), 'a\n?b?');
  assert.equal(withoutControls('für 日本 👩‍💻'), 'für 日本 👩‍💻');
  assert.equal(printableLines('a\n\u202eb\n'), 'a\n  ?b');
});

test('JSON has it escaped, and means the same', () => {
  const value = { [EVIL]: [EVIL, 1] };
  const text = printableJson(value, 2);
  assert.match(text, /^[\n\x20-\x7e]+$/);
  assert.deepEqual(JSON.parse(text), value);
});
