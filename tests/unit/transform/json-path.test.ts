import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonPath } from '../../../src/transform/json-path.ts';

/** As `name` or `name[]`. */
const read = (text: string): string[] => parseJsonPath(text).map(({ name, isList }) => name + (isList ? '[]' : ''));

test('a path is names with dots between, [] behind that of a list, and names in quotes', () => {
  assert.deepEqual(read('id'), ['id']);
  assert.deepEqual(read('user.first_name'), ['user', 'first_name']);
  assert.deepEqual(read('items[].price'), ['items[]', 'price']);
  assert.deepEqual(read('[][].rows[][].id'), ['rows[]', 'id']);
  assert.deepEqual(read("a['first.name'].b['it\\'s'][].c"), ['a', 'first.name', 'b', "it's[]", 'c']);
  assert.deepEqual(read("['@id']"), ['@id']);
  assert.deepEqual(read('$ref.a$'), ['$ref', 'a$']);
  assert.deepEqual(read('__proto__.constructor'), ['__proto__', 'constructor']);
});

test('what is no path says where it ends to be one', () => {
  for (const [text, at] of [
    ['', 'without a name'],
    ['[]', 'without a name'],
    ['a..b', 'character 2'],
    ['.a', 'character 1'],
    ['a.', 'character 2'],
    ['a[0]', 'character 2'],
    ['a[]b', 'character 4'],
    ['a b', 'character 2'],
    ["['a'", 'character 1'],
    ['$.a[*]', 'character 1'],
    ['/a/b', 'character 1'],
  ] as const) {
    assert.throws(() => parseJsonPath(text), new RegExp(at), text);
  }
  assert.throws(() => parseJsonPath(`${'a.'.repeat(40)}a`), /more than 32 steps/);
});
