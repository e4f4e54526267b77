import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOwnVersion } from '../../../src/lib/own-version.ts';

test('the version is that of package.json', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
  assert.equal(readOwnVersion(), manifest.version);
});

test('where there is none, it is not known', () => {
  assert.equal(readOwnVersion(tmpdir()), 'unknown');
});
