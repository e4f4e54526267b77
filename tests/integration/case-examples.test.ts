import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../src/cli.ts';
import { configFolder } from '../support/config-files.ts';
import { readFragments } from '../support/documents.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FEWEST_EXAMPLES = 5;
const FEWEST_FRAGMENTS = 3;

async function assertHolds(file: string): Promise<void> {
  let out = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => assert.fail(text), env: {} };
  const code = await runCli(['test', file, '--file', path.join(ROOT, 'routes.json')], io);
  assert.equal(code, 0, out);
}

const examples = globSync('docs/examples/cases/*.json', { cwd: ROOT }).sort();
const fragments = readFragments().filter(({ file, language }) => file === 'docs/testing.md' && language === 'jsonc');

test('there are case files to try', () => {
  assert.ok(examples.length >= FEWEST_EXAMPLES);
  assert.ok(fragments.length >= FEWEST_FRAGMENTS);
});

for (const example of examples) {
  test(`${example} holds for the routes of the project`, () => assertHolds(path.join(ROOT, example)));
}

for (const { line, text } of fragments) {
  test(`docs/testing.md:${line} holds for the routes of the project`, async (t) => {
    await assertHolds(path.join(configFolder(t, { 'cases.json': text }), 'cases.json'));
  });
}
