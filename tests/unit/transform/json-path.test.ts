import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EACH, parseJsonPath } from '../../../src/transform/json-path.ts';

test('a path is names with dots between, [] for every item, and names in quotes', () => {
  assert.deepEqual(parseJsonPath('id'), ['id']);
  assert.deepEqual(parseJsonPath('user.first_name'), ['user', 'first_name']);
  assert.deepEqual(parseJsonPath('items[].price'), ['items', EACH, 'price']);
  assert.deepEqual(parseJsonPath('[][].id'), [EACH, EACH, 'id']);
  assert.deepEqual(parseJsonPath("a['first.name'].b['it\\'s']"), ['a', 'first.name', 'b', "it's"]);
  assert.deepEqual(parseJsonPath("['@id']"), ['@id']);
  assert.deepEqual(parseJsonPath('$ref.a$'), ['$ref', 'a$']);
  assert.deepEqual(parseJsonPath('__proto__.constructor'), ['__proto__', 'constructor']);
});

test('what is no path says where it ends to be one', () => {
  for (const [text, at] of [
    ['', 'empty'],
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
