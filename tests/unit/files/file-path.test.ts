import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf, isBelow } from '../../../src/files/file-path.ts';

test('a path means one file, decoded once', () => {
  for (const [path, name] of [
    ['/', '/'],
    ['/a/b.txt', '/a/b.txt'],
    ['/two%20words', '/two words'],
    ['/caf%C3%A9', '/café'],
    ['/a%2525b', '/a%25b'],
    ['/%252e%252e/x', '/%2e%2e/x'],
  ] as const)
    assert.equal(fileNameOf(path, 'ignore'), name);
});

test('what could be read as another path is no file', () => {
  for (const path of ['/a%2fb', '/a%2Fb', '/..%2f..%2fetc', '/a%5cb', '/a\\b', '/a%00.txt', '/../x', '/./x', '/%ff'])
    assert.equal(fileNameOf(path, 'allow'), undefined, path);
});

test('names that begin with a dot are there only where they are allowed, and those that are well known', () => {
  for (const path of ['/.env', '/a/.git/config', '/.well-known/.hidden', '/.well-known']) {
    assert.equal(fileNameOf(path, 'ignore'), undefined, path);
    assert.equal(fileNameOf(path, 'allow'), path);
  }
  assert.equal(fileNameOf('/.well-known/security.txt', 'ignore'), '/.well-known/security.txt');
});

test('a folder beside another one whose name begins alike is not below it', () => {
  assert.equal(isBelow('/a/dist', '/a/dist'), true);
  assert.equal(isBelow('/a/dist', '/a/dist/x'), true);
  assert.equal(isBelow('/a/dist', '/a/dist-old/x'), false);
  assert.equal(isBelow('/', '/x'), true);
});
