import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, promises, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openInFolder } from '../../../src/files/open-file.ts';
import { findOwnFiles } from '../../../src/files/own-files.ts';
import { createFolder } from '../../support/folders.ts';

const NONE = { files: [], fragments: [] };

async function isInFolder(folder: string, name: string): Promise<boolean> {
  const found = await openInFolder(folder, name, NONE);
  if (typeof found === 'object') await found.handle.close();
  return found !== undefined;
}

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

test('what is neither file nor folder is not there', {
  skip: process.platform === 'win32' && 'needs mkfifo',
}, async (t) => {
  const folder = createFolder(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  assert.equal(await isInFolder(folder, '/pipe'), false);
});

/** Does something between the look at a file and what is done with it, as somebody may who writes into the folder. */
function afterTheLook(t: TestContext, act: () => void): void {
  const { stat } = promises;
  t.mock.method(promises, 'stat', async (path: string) => {
    const found = await stat(path);
    act();
    return found;
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

test('a file that becomes a link after it was looked at is not followed', async (t) => {
  const folder = createFolder(t, { 'public/a.txt': 'a', 'secret.txt': 'secret' });
  const file = join(folder, 'public/a.txt');
  afterTheLook(t, () => {
    rmSync(file);
    symlinkSync('../secret.txt', file);
  });
  assert.equal(await isInFolder(join(folder, 'public'), '/a.txt'), false);
});

test('nor is a folder that becomes one', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const folder = createFolder(t, { 'public/sub/a.txt': 'a', 'private/a.txt': 'secret' });
  const sub = join(folder, 'public/sub');
  afterTheLook(t, () => {
    renameSync(sub, join(folder, 'old'));
    symlinkSync('../private', sub);
  });
  assert.equal(await isInFolder(join(folder, 'public'), '/sub/a.txt'), false);
});

test('a file that was open before its name leads elsewhere is still the one that is read', async (t) => {
  const folder = createFolder(t, { 'public/a.txt': 'a', 'secret.txt': 'secret' });
  const root = join(folder, 'public');
  const found = await openInFolder(root, '/a.txt', NONE);
  assert.ok(typeof found === 'object');
  rmSync(join(root, 'a.txt'));
  symlinkSync('../secret.txt', join(root, 'a.txt'));
  assert.equal(await found.handle.readFile('utf8'), 'a');
  await found.handle.close();
});

test('a link that comes to lead to the folder of routes.json shows nothing of it', async (t) => {
  const folder = createFolder(t, { 'gw/routes.json': '{}', 'gw/routes.d/team.json': '{}', 'gw/page/a.txt': 'a' });
  symlinkSync('gw', join(folder, 'dist'));
  const own = findOwnFiles(join(folder, 'gw/routes.json'));
  for (const name of ['/routes.json', '/routes.d/team.json', '/page/a.txt'])
    assert.equal(await openInFolder(join(folder, 'dist'), name, own), undefined, name);
  assert.equal(await openInFolder(join(folder, 'gw/routes.d'), '/team.json', own), undefined);
  const found = await openInFolder(join(folder, 'gw/page'), '/a.txt', own);
  assert.ok(typeof found === 'object');
  await found.handle.close();
});

test('the configuration is where its links lead, too', (t) => {
  const folder = createFolder(t, { 'conf/main.json': '{}', 'team/a.json': '{}' });
  mkdirSync(join(folder, 'gw/routes.d'), { recursive: true });
  symlinkSync('../conf/main.json', join(folder, 'gw/routes.json'));
  symlinkSync('../../team/a.json', join(folder, 'gw/routes.d/a.json'));
  writeFileSync(join(folder, 'gw/note.txt'), '');
  const { files } = findOwnFiles(join(folder, 'gw/routes.json'));
  for (const file of ['gw/routes.json', 'conf/main.json', 'team/a.json'])
    assert.ok(files.includes(join(folder, file)), file);
});
