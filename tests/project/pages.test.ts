import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renderCliPage } from '../../scripts/docs/cli-page.ts';
import { renderErrorsPage } from '../../scripts/docs/errors-page.ts';
import { renderCheckingPage } from '../../scripts/docs/findings-table.ts';
import { renderConfigurationPage } from '../../scripts/docs/keys-table.ts';
import { renderMetricsPage } from '../../scripts/docs/metrics-page.ts';
import { anchorsOf, linksOf, pagesOfDocs, withoutCode } from '../support/documents.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const toSlashes = (file: string): string => file.split(path.sep).join('/');
const pages = ['README.md', 'src/README.md', ...pagesOfDocs()];

test('the table of docs/settings.md has the settings of .env.example, and no other', () => {
  const offered = [...read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  const rows = read('docs/settings.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name),
  );
  assert.ok(offered.length > 10);
  assert.deepEqual(told.toSorted(), offered.toSorted());
});

test('docs/errors.md is what the error table says', () => {
  assert.ok(read('docs/errors.md') === renderErrorsPage(), 'it is stale: npm run docs');
});

test('docs/cli.md is what the table of commands says', () => {
  assert.ok(read('docs/cli.md') === renderCliPage(), 'it is stale: npm run docs');
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

const links = pages.flatMap((page) => linksOf(page, read(page)));

test('every file that a page links to exists', () => {
  const broken = links.filter(({ file }) => !existsSync(path.join(ROOT, file)));
  assert.ok(links.length > 300);
  assert.deepEqual(broken, []);
});

test('every heading that a page links to is there', () => {
  const dead = links.filter(
    ({ file, anchor }) => anchor !== undefined && pages.includes(file) && !anchorsOf(read(file)).has(anchor),
  );
  assert.ok(links.filter(({ anchor }) => anchor !== undefined).length > 100);
  assert.deepEqual(dead, []);
});

test('every row of a table has as many cells as its head', () => {
  const cells = (row: string): number => row.match(/(?<!\\)\|/g)?.length ?? 0;
  const wrong = pages.flatMap((page) => {
    const tables = withoutCode(read(page)).match(/(?:^\|.*\n)+/gm) ?? [];
    return tables.flatMap((table) => {
      const [head = '', ...rows] = table.trimEnd().split('\n');
      return rows.filter((row) => cells(row) !== cells(head)).map((row) => `${page}: ${row}`);
    });
  });
  assert.deepEqual(wrong, []);
});

test('every page of docs/ is in its index, which the README names', () => {
  const isNamed = (from: string) => new Set(links.filter(({ page }) => page === from).map(({ file }) => file));
  assert.ok(isNamed('README.md').has('docs/README.md'));
  const inIndex = isNamed('docs/README.md');
  const missing = pagesOfDocs().filter((page) => page !== 'docs/README.md' && !inIndex.has(page));
  assert.deepEqual(missing, [], 'pages without a line in docs/README.md');
});

test('the README fits on two screens, and its first picture is of the dashboard', () => {
  const text = read('README.md');
  assert.ok(text.split('\n').length <= 120);
  assert.match(
    text,
    /<picture>[\s\S]*srcset="docs\/pictures\/dashboard-dark\.png"[\s\S]*src="docs\/pictures\/dashboard-light\.png"/,
  );
});

test('every picture that a page shows is there', () => {
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/(?:\]\(|src(?:set)?=")((?!https?:)[^)"\s]+\.(?:png|svg|jpg))/g)]
      .map(([, name = '']) => path.join(path.dirname(page), name))
      .filter((name) => !existsSync(path.join(ROOT, name))),
  );
  assert.deepEqual(missing, []);
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
