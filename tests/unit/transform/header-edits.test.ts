import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeaderEdits, headerEditsOption } from '../../../src/transform/header-edits.ts';

const option = headerEditsOption('request', () => undefined);
const RENDER = () => assert.fail('a constant was computed');

/** The list after the edits, as `name: value`; the same edits on an answer's fields must come to the same. */
function edit(options: object, list: readonly string[]): string[] {
  const edits = createHeaderEdits(option.parse(options));
  assert.ok(edits);
  const edited = [...list];
  edits.editList(edited, RENDER);
  const pairs = list.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), list[i + 1] as string] as const] : []));
  const names = new Set(pairs.map(([name]) => name));
  const fields = Object.fromEntries(
    [...names].map((name) => [name, pairs.filter(([one]) => one === name).map(([, value]) => value)]),
  );
  const before = structuredClone(fields);
  const answer = edits.editFields(fields, RENDER);
  assert.deepEqual(fields, before, "the fields of the answer are somebody else's");
  const lines = edited.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${edited[i + 1]}`] : []));
  assert.deepEqual(
    Object.entries(answer)
      .flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`))
      .sort(),
    lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort(),
  );
  return lines;
}

const LIST = ['X-A', '1', 'X-B', '2', 'x-a', '3', 'X-C', '4'];

test('no edits are no work', () => {
  assert.equal(createHeaderEdits(undefined), undefined);
  assert.equal(createHeaderEdits(option.parse({ remove: [], set: {} })), undefined);
});

test('remove takes all of a name away, however it is written', () => {
  assert.deepEqual(edit({ remove: ['X-a'] }, LIST), ['X-B: 2', 'X-C: 4']);
});

test('set takes the place of all of a name, and is there where none was', () => {
  assert.deepEqual(edit({ set: { 'x-a': 'n', 'X-D': 'd' } }, LIST), ['X-B: 2', 'X-C: 4', 'x-a: n', 'x-d: d']);
});

test('add leaves those that are there', () => {
  assert.deepEqual(edit({ add: { 'x-c': '5' } }, LIST), ['X-A: 1', 'X-B: 2', 'x-a: 3', 'X-C: 4', 'x-c: 5']);
});

test('what is renamed takes the place of those of the new name, and only where it is there itself', () => {
  assert.deepEqual(edit({ rename: { 'x-b': 'x-c' } }, LIST), ['X-A: 1', 'x-c: 2', 'x-a: 3']);
  assert.deepEqual(edit({ rename: { 'x-none': 'x-c' } }, LIST), ['X-A: 1', 'X-B: 2', 'x-a: 3', 'X-C: 4']);
  assert.deepEqual(edit({ rename: { 'x-b': 'x-c', 'x-c': 'x-b' } }, LIST), ['X-A: 1', 'x-c: 2', 'x-a: 3', 'x-b: 4']);
});

test('the order is remove, rename, set, add, whatever it is in the file', () => {
  const all = { add: { 'x-c': 'added' }, set: { 'x-c': 'set' }, rename: { 'x-b': 'x-c' }, remove: ['x-a', 'x-b'] };
  assert.deepEqual(edit(all, LIST), ['x-c: set', 'x-c: added']);
});

test('only visible characters are taken as a value, and tokens as a name', () => {
  for (const value of ['a\nb', 'a\r\nx-b: 1', ' a', 'a ', 'ä', '\u0000', 'a\u007f', '${request.idd}', '${request.id'])
    assert.equal(option.safeParse({ set: { 'x-a': value } }).success, false, JSON.stringify(value));
  for (const value of ['', 'a', 'a b\tc', 'Bearer x=="'])
    assert.equal(option.safeParse({ set: { 'x-a': value } }).success, true, JSON.stringify(value));
  for (const name of ['', 'a b', 'a:', 'ä', 'a\n']) {
    assert.equal(option.safeParse({ add: { [name]: '1' } }).success, false, JSON.stringify(name));
    assert.equal(option.safeParse({ rename: { 'x-a': name } }).success, false, JSON.stringify(name));
  }
});
