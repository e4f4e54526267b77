import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';
import { createFolder } from '../../support/folders.ts';

function load(t: TestContext, route: object, links: Readonly<Record<string, string>> = {}) {
  const routes = [{ prefix: '/app', auth: 'none', ...route }];
  const folder = configFolder(t, { 'routes.json': { routes }, 'dist/index.html': '<p>', 'routes.d/note.txt': '' });
  for (const [name, target] of Object.entries(links)) symlinkSync(target, `${folder}/${name}`);
  return loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} }).config.routes[0]?.files;
}

function faultIn(t: TestContext, route: object, links?: Readonly<Record<string, string>>): string {
  const faults = faultsOf(() => load(t, route, links));
  assert.equal(faults.length, 1, JSON.stringify(faults));
  return `${faults[0]?.path}: ${faults[0]?.message}`;
}

test('a folder alone is enough, and is looked for beside routes.json', (t) => {
  assert.deepEqual(load(t, { files: './dist' }), {
    folder: './dist',
    index: 'index.html',
    maxAge: 0,
    dotfiles: 'ignore',
  });
});

test('the paths below the folder get their slash', (t) => {
  const files = load(t, { files: { folder: 'dist', fallback: 'index.html', immutable: 'assets', maxAge: '1h' } });
  assert.deepEqual([files?.fallback, files?.immutable, files?.maxAge], ['/index.html', ['/assets'], 3_600_000]);
});

test('a folder that is missing, or is none, refuses the file', (t) => {
  assert.match(faultIn(t, { files: './build' }), /^\/routes\/0\/files: there is no folder .*\/build$/);
  assert.match(faultIn(t, { files: { folder: 'dist/index.html' } }), /is no folder$/);
  assert.match(faultIn(t, { files: { folder: 'dist', fallback: 'app.html' } }), /there is no file .*\/dist\/app.html/);
});

test('so does the folder that routes.json is a link into', (t) => {
  const folder = createFolder(t, { 'conf/main.json': '{}', 'gw/note.txt': '' });
  symlinkSync('../conf/main.json', join(folder, 'gw/routes.json'));
  const file = join(folder, 'gw/routes.json');
  for (const files of ['../conf', '..', '.']) {
    writeFileSync(join(folder, 'conf/main.json'), JSON.stringify({ routes: [{ prefix: '/', files, auth: 'none' }] }));
    assert.throws(() => loadRoutesWith(STAGES, file, { env: {} }), /holds routes.json itself/, files);
  }
});

test('a folder that holds routes.json itself refuses the file, by whatever name', (t) => {
  for (const files of ['.', './', '..', '/', './routes.d', 'link'])
    assert.match(faultIn(t, { files }, { link: '.' }), /holds routes.json itself/, files);
});

test('paths that climb, and names that are paths, are refused', (t) => {
  for (const fallback of ['../index.html', 'a/../../b', '', 'a%2fb', 'index.html?x'])
    assert.match(faultIn(t, { files: { folder: 'dist', fallback } }), /files\/fallback: expected a path below/);
  for (const index of ['..', 'a/b.html', ''])
    assert.match(faultIn(t, { files: { folder: 'dist', index } }), /files\/index: /);
});

test('rules for the paths of services do not fit, and a route has one ending', (t) => {
  assert.match(faultIn(t, { files: 'dist', pathRewrite: { '^/a': '/b' } }), /pathRewrite: is for services/);
  assert.match(faultIn(t, { files: 'dist', target: 'http://localhost:1' }), /one ending/);
});

test('in a file of routes.d a folder is looked for beside that file', (t) => {
  const fragment = { routes: [{ prefix: '/app', auth: 'none', files: '../dist' }] };
  const files = { 'routes.json': { routes: [] }, 'routes.d/web.json': fragment, 'dist/index.html': '' };
  const folder = configFolder(t, files);
  const { config } = loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} });
  assert.equal(config.routes[0]?.files?.folder, '../dist');
});
