import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The project as somebody has just cloned it, so that what a command writes is not written into this one. */
export function cloneProject(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'turnpike-docs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['package.json', 'routes.json', '.env.example', 'routes.schema.json']) {
    cpSync(path.join(ROOT, name), path.join(folder, name));
  }
  for (const name of ['deploy', 'docs/examples/cases'])
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  for (const name of ['src', 'scripts', 'node_modules']) symlinkSync(path.join(ROOT, name), path.join(folder, name));
  return folder;
}
