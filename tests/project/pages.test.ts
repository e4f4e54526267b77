import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renderErrorsPage } from '../../scripts/docs/errors-page.ts';
import { renderConfigurationPage } from '../../scripts/docs/keys-table.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
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

test('the lockfile lists the optional packages of every platform, without which npm ci refuses it', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => packages[`node_modules/${name}`]?.version === undefined),
  );
  assert.deepEqual(missing, []);
});
