import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathTree } from '../../../../src/validate/openapi/path-tree.ts';

function treeOf(...paths: string[]): PathTree<string> {
  const tree = new PathTree<string>();
  for (const path of paths) tree.add(path, path);
  return tree;
}

const findAll = (tree: PathTree<string>, path: string) =>
  [...tree.find(path)].map(({ value, params }) => [value, Object.fromEntries(params)]);

test('what is fixed goes before what is templated, at each level', () => {
  const tree = treeOf('/users/{id}', '/users/me', '/users/{a}/{b}', '/users/{x}/files');
  assert.deepEqual(findAll(tree, '/users/me')[0], ['/users/me', {}]);
  assert.deepEqual(findAll(tree, '/users/7'), [['/users/{id}', { id: '7' }]]);
  assert.deepEqual(findAll(tree, '/users/7/files')[0], ['/users/{x}/files', { x: '7' }]);
  assert.deepEqual(findAll(tree, '/users/7/x')[0], ['/users/{a}/{b}', { a: '7', b: 'x' }]);
  assert.deepEqual(findAll(tree, '/users'), []);
  assert.deepEqual(findAll(tree, '/users/'), []);
  assert.deepEqual(findAll(tree, '/Users/me'), []);
});

test('templates that differ by the names of their parameters alone may both be meant', () => {
  const tree = treeOf('/a/{one}', '/a/{two}');
  assert.equal(findAll(tree, '/a/x').length, 2);
  assert.equal(tree.add('/a/{one}', 'again'), false);
});

test('a segment may have text around its parameters, and is decoded', () => {
  const tree = treeOf('/files/{name}.{ext}', '/files/{name}', '/diff/{a}...{b}', '/caf%C3%A9/{x}');
  assert.deepEqual(findAll(tree, '/files/a.b.txt')[0], ['/files/{name}.{ext}', { name: 'a', ext: 'b.txt' }]);
  assert.deepEqual(findAll(tree, '/files/.txt')[0], ['/files/{name}', { name: '.txt' }]);
  assert.deepEqual(findAll(tree, '/diff/x...y'), [['/diff/{a}...{b}', { a: 'x', b: 'y' }]]);
  assert.deepEqual(findAll(tree, '/diff/...y'), []);
  assert.deepEqual(findAll(tree, '/caf%C3%A9/a%2Fb'), [['/caf%C3%A9/{x}', { x: 'a/b' }]]);
});
