import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renderErrorsPage } from '../../scripts/docs/errors-page.ts';
import { renderCheckingPage } from '../../scripts/docs/findings-table.ts';
import { renderConfigurationPage } from '../../scripts/docs/keys-table.ts';
import { renderMetricsPage } from '../../scripts/docs/metrics-page.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const toSlashes = (file: string): string => file.split(path.sep).join('/');
const pages = ['README.md', 'src/README.md', ...globSync('docs/*.md', { cwd: ROOT })];

test('the settings table of the README has the settings of .env.example, and no other', () => {
  const offered = [...read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  const table = /## Settings\n([\s\S]*?)\n## /.exec(read('README.md'))?.[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name),
  );
  assert.ok(offered.length > 10);
  assert.deepEqual(told.toSorted(), offered.toSorted());
});

test('docs/errors.md is what the error table says', () => {
  assert.ok(read('docs/errors.md') === renderErrorsPage(), 'it is stale: npm run docs');
});

test('the tables of docs/checking.md have every finding', () => {
  const page = read('docs/checking.md');
  assert.match(page, /<a id="open-cors-credentials"><\/a>/);
  assert.ok(page === renderCheckingPage(page), 'they are stale: npm run docs');
});

test('the table of docs/metrics.md has every metric', () => {
  const page = read('docs/metrics.md');
  assert.match(page, /\| `turnpike_requests_total` \| counter \| `route`, `method`, `status`, `source` \|/);
  assert.ok(page === renderMetricsPage(page), 'it is stale: npm run docs');
});

test('the tables of docs/configuration.md have every key, as the stages describe it', () => {
  const page = read('docs/configuration.md');
  assert.match(page, /\| `prefix` \| text or a list \| required \|/);
  assert.ok(page === renderConfigurationPage(page), 'they are stale: npm run docs');
});

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)]
      .filter(([, name]) => !(String(name) in scripts))
      .map(([text]) => `${page}: ${text}`),
  );
  assert.deepEqual(missing, []);
});

test('the command begins with the line by which a shell finds Node', () => {
  const { bin } = JSON.parse(read('package.json'));
  assert.match(read(bin.turnpike), /^#!\/usr\/bin\/env node\n/);
});

test('every file that a page links to exists', () => {
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => ({ page, link: String(link) })),
  );
  const broken = links.filter(({ page, link }) => !existsSync(path.join(ROOT, path.dirname(page), link)));
  assert.ok(links.length > 5);
  assert.deepEqual(broken, []);
});

test('every source file that a page or a comment names exists', () => {
  const files = globSync('{src,scripts,tests,docs/examples}/**/*.ts', { cwd: ROOT }).map(toSlashes);
  const isThere = (name: string): boolean => files.some((file) => file === name || file.endsWith(`/${name}`));
  const unknown = [...pages, ...files.filter((file) => file.startsWith('src/'))].flatMap((reader) =>
    [...read(reader).matchAll(/(?<![\w./*-])(?:[\w.-]+\/)*[a-z][\w-]*(?:\.d)?\.ts\b/g)]
      .map(([name]) => name.replace(/^(?:\.\.?\/)+/, ''))
      .filter((name) => !isThere(name))
      .map((name) => `${reader}: ${name}`),
  );
  assert.ok(files.length > 300);
  assert.deepEqual(unknown, []);
});

test('the map of src names every folder of src, and none that is not there', () => {
  const named = read('src/README.md').matchAll(/(?<![\w./-])((?:[a-z]+\/)+)(?![\w*])/g);
  const folders = [...new Set([...named].map(([, name]) => String(name)))];
  const isThere = (name: string): boolean =>
    ['src', 'src/upstream', '.'].some((at) => existsSync(path.join(ROOT, at, name)));
  const rooms = globSync('src/*/', { cwd: ROOT }).map((name) => `${path.basename(name)}/`);
  assert.ok(rooms.length > 10);
  assert.deepEqual(
    rooms.filter((room) => !folders.some((name) => name.startsWith(room))),
    [],
  );
  assert.deepEqual(
    folders.filter((name) => !isThere(name)),
    [],
  );
});

test('the lockfile lists the optional packages of every platform, without which npm ci refuses it', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => packages[`node_modules/${name}`]?.version === undefined),
  );
  assert.deepEqual(missing, []);
});
