import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { watchRoutes } from '../../src/config/watch.ts';
import { configFolder, writeConfig } from '../support/config-files.ts';

const PATIENCE_MS = 10_000;

interface Watched {
  readonly changes: number;
  /** Resolves when one more change has been told than at the last call. */
  next(): Promise<void>;
}

function watching(t: TestContext, file: string, pollMs?: number): Watched {
  let changes = 0;
  let seen = 0;
  let wake: (() => void) | undefined;
  const watcher = watchRoutes(
    file,
    () => {
      changes += 1;
      wake?.();
    },
    pollMs,
  );
  t.after(() => watcher.close());
  return {
    get changes() {
      return changes;
    },
    async next() {
      const patience = AbortSignal.timeout(PATIENCE_MS);
      while (changes === seen) {
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          wait(PATIENCE_MS, undefined, { signal: patience }),
        ]);
        patience.throwIfAborted();
      }
      seen = changes;
    },
  };
}

// A poll that never comes shows that the change was seen by its event; the poll alone has a test of its own.
const NO_POLL_MS = 2 ** 30;

test('a file that is written in place is seen', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one' });
  const watched = watching(t, join(folder, 'routes.json'), NO_POLL_MS);
  writeConfig(folder, 'routes.json', 'two');
  await watched.next();
});

test('a file that is renamed over the old one is seen, and so is the next', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one' });
  const watched = watching(t, join(folder, 'routes.json'), NO_POLL_MS);
  for (const content of ['two', 'three', 'four']) {
    writeConfig(folder, '.routes.json.swp', content);
    renameSync(join(folder, '.routes.json.swp'), join(folder, 'routes.json'));
    await watched.next();
  }
});

test('the link swap of a ConfigMap is seen, every time', async (t) => {
  const folder = configFolder(t, { '..v1/routes.json': 'one', '..v2/routes.json': 'two', '..v3/routes.json': 'three' });
  symlinkSync('..v1', join(folder, '..data'));
  symlinkSync('..data/routes.json', join(folder, 'routes.json'));
  const watched = watching(t, join(folder, 'routes.json'), NO_POLL_MS);
  for (const version of ['..v2', '..v3']) {
    symlinkSync(version, join(folder, '..tmp'));
    renameSync(join(folder, '..tmp'), join(folder, '..data'));
    await watched.next();
  }
});

test('an editor that empties the file before it writes it makes one change', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one' });
  const file = join(folder, 'routes.json');
  const watched = watching(t, file, NO_POLL_MS);
  truncateSync(file);
  writeFileSync(file, 'two');
  await watched.next();
  writeFileSync(file, 'three');
  await watched.next();
  assert.equal(watched.changes, 2);
});

test('a folder routes.d that appears later, its files and their removal are seen', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one' });
  const watched = watching(t, join(folder, 'routes.json'), 200);
  mkdirSync(join(folder, 'routes.d'));
  writeConfig(folder, 'routes.d/a.json', 'a');
  await watched.next();
  writeConfig(folder, 'routes.d/a.json', 'b');
  await watched.next();
  rmSync(join(folder, 'routes.d'), { recursive: true });
  await watched.next();
});

test('a secret file in another folder is seen by the poll', async (t) => {
  const elsewhere = configFolder(t, { secret: 'one' });
  const folder = configFolder(t, { 'routes.json': { x: `\${FILE:${elsewhere}/secret}` } });
  const watched = watching(t, join(folder, 'routes.json'), 50);
  writeConfig(elsewhere, 'secret', 'two');
  await watched.next();
});

test('a document that a route names is seen by the poll, and so is what it refers to', async (t) => {
  const files = { 'specs/a.json': { $ref: './b.json' }, 'specs/b.json': {} };
  const folder = configFolder(t, { 'routes.json': '{ "routes": [{ "openapi": "./specs/a.json" }] }', ...files });
  const watched = watching(t, join(folder, 'routes.json'), 50);
  writeConfig(folder, 'specs/b.json', { type: 'object' });
  await watched.next();
  writeConfig(folder, 'specs/a.json', { type: 'object' });
  await watched.next();
});

test('a file that goes away and comes back is a change each time', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one' });
  const file = join(folder, 'routes.json');
  const watched = watching(t, file, 200);
  rmSync(file);
  await watched.next();
  writeFileSync(file, 'one');
  await watched.next();
});

test('a write of the same content, or of another file, is no change', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one', 'routes.d/a.json': 'a' });
  const watched = watching(t, join(folder, 'routes.json'), NO_POLL_MS);
  writeConfig(folder, 'routes.json', 'one');
  writeConfig(folder, 'other.json', 'x');
  writeConfig(folder, 'routes.d/notes.txt', 'x');
  writeConfig(folder, 'routes.d/a.json', 'b');
  await watched.next();
  assert.equal(watched.changes, 1);
});

test('after close nothing is told any more', async (t) => {
  const folder = configFolder(t, { 'routes.json': 'one' });
  const file = join(folder, 'routes.json');
  let changes = 0;
  const closed = watchRoutes(file, () => {
    changes += 1;
  });
  const open = watching(t, file);
  closed.close();
  writeConfig(folder, 'routes.json', 'two');
  await open.next();
  assert.equal(changes, 0);
});
