import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileNameOf, isBelow, isInFolder } from '../../../src/files/file-path.ts';
import { createFolder } from '../../support/folders.ts';

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

test('a link is followed inside of the folder, and leads nowhere out of it', async (t) => {
  const folder = createFolder(t, { 'public/a.txt': 'a', 'secret.txt': 'secret' });
  const root = join(folder, 'public');
  mkdirSync(join(root, 'below'));
  symlinkSync('a.txt', join(root, 'inside'));
  symlinkSync('../secret.txt', join(root, 'outside'));
  symlinkSync(folder, join(root, 'above'));
  symlinkSync('nowhere', join(root, 'broken'));
  symlinkSync('circle', join(root, 'circle'));
  symlinkSync(root, join(folder, 'current'));
  const isThere = async (name: string) => [await isInFolder(root, name), await isInFolder(`${folder}/current`, name)];
  for (const name of ['/', '/a.txt', '/inside', '/below']) assert.deepEqual(await isThere(name), [true, true], name);
  for (const name of [
    '/outside',
    '/above',
    '/above/secret.txt',
    '/broken',
    '/circle',
    '/a.txt/',
    `/${'n'.repeat(300)}`,
  ])
    assert.deepEqual(await isThere(name), [false, false], name);
  assert.equal(await isInFolder(join(folder, 'gone'), '/a.txt'), false);
});

test('a folder beside another one whose name begins alike is not below it', () => {
  assert.equal(isBelow('/a/dist', '/a/dist'), true);
  assert.equal(isBelow('/a/dist', '/a/dist/x'), true);
  assert.equal(isBelow('/a/dist', '/a/dist-old/x'), false);
  assert.equal(isBelow('/', '/x'), true);
});

test('what is neither file nor folder is not there', {
  skip: process.platform === 'win32' && 'needs mkfifo',
}, async (t) => {
  const folder = createFolder(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  assert.equal(await isInFolder(folder, '/pipe'), false);
});
