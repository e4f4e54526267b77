import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHidden, HiddenValues } from '../../../src/lib/hidden-values.ts';

const hide = (values: Readonly<Record<string, string>>, text: string): string =>
  createHidden(new Map(Object.entries(values))).hide(text);

test('the longest secret is hidden first, and no placeholder is looked through for another', () => {
  assert.equal(hide({ '<a>': 'abcd', '<b>': 'abcdef' }, 'abcdef abcd abcdefabcd'), '<b> <a> <b><a>');
  assert.equal(hide({ '<long>': 'secret', '<s>': 'long' }, 'secret long'), '<long> <s>');
});

test('a secret is found in every form that it may be displayed in', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['A "quoted" one', JSON.stringify('A "quoted" one'), '"<x>"'],
    ['two words', new URL('http://h/two words').href, 'http://h/<x>'],
    ['Token/Of=Mine', encodeURIComponent('Token/Of=Mine'), '<x>'],
    ['Host-Of-Mine', new URL('http://Host-Of-Mine:81').href, 'http://<x>:81/'],
    ['https://Hooks.example:443/T/B/', 'cause: https://hooks.example/T/B', 'cause: <x>'],
    ['Hooks.example/T0/', 'http://hooks.example/T0', 'http://<x>'],
    ['line\n', 'a line', 'a <x>'],
    ['abc', 'abc', 'abc'],
    ['\ud800bad', '\ud800bad', '<x>'],
  ];
  for (const [value, shown, expected] of rows) assert.equal(hide({ '<x>': value }, shown), expected, value);
});

test('what is hidden is what is loaded, in force, and was in force before', () => {
  const values = new HiddenValues();
  const of = (value: string) => createHidden(new Map([['<x>', value]]));
  const shown = () => ['first', 'second', 'third', 'faulty'].map((text) => values.label(text)).join(' ');
  values.expect(of('first'));
  values.settle();
  assert.equal(shown(), '<x> second third faulty');
  values.expect(of('faulty'));
  assert.equal(shown(), '<x> second third <x>');
  values.expect(of('second'));
  assert.equal(shown(), '<x> <x> third faulty');
  values.settle();
  assert.equal(shown(), '<x> <x> third faulty');
  values.expect(of('third'));
  values.settle();
  assert.equal(shown(), 'first <x> <x> faulty');
  values.expect(undefined);
  values.settle();
  assert.equal(shown(), 'first second <x> faulty');
});
