import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readFragments } from '../support/documents.ts';
import { startGateway } from '../support/gateway.ts';
import { exampleOf, STAGES } from '../support/migrating/example.ts';
import { callAndTell, readRecording, startServices } from '../support/migrating/recorded.ts';

/** Gateways that are not run by the tests; tests/support/migrating/record.ts has asked them. */
const PAGES = {
  'express-gateway': 'docs/migrating/express-gateway.md',
  'fast-gateway': 'docs/migrating/k-fastify-gateway.md',
} as const;

for (const [name, page] of Object.entries(PAGES)) {
  const { by, sections } = readRecording(name);
  for (const [section, { fields, calls }] of Object.entries(sections)) {
    test(`${page}: "${section}" does what ${by} did`, async (t) => {
      const { ours } = exampleOf(page, section, await startServices(t));
      const gateway = await startGateway(t, { file: ours });
      for (const { request, theirs, ours: differs } of calls) {
        const told = await callAndTell(gateway.url, request, fields);
        assert.deepEqual(told, differs ?? theirs, JSON.stringify(request));
        if (differs !== undefined) assert.notDeepEqual(told, theirs, `${request.path} does not differ`);
      }
    });
  }
}

test('docs/migrating/k-fastify-gateway.md shows the stage that stands for the hooks as it is', () => {
  const shown = readFragments().find(({ file, language }) => file === PAGES['fast-gateway'] && language === 'ts');
  const lines = readFileSync(path.join(STAGES, 'private-hooks.ts'), 'utf8').split('\n');
  const others = shown?.text
    .trim()
    .split('\n')
    .filter((line) => !lines.includes(line));
  assert.deepEqual(others, []);
});
