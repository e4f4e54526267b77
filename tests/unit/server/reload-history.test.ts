import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReloadResult } from '../../../src/server/reload.ts';
import { rememberReloads } from '../../../src/server/reload-history.ts';

const START = '2026-01-01T00:00:00.000Z';

function createReloader(more: Partial<ReloadResult> = {}) {
  let last: ReloadResult | undefined;
  const inner = {
    get last() {
      return last;
    },
    reload(by: string) {
      last = { result: 'applied', at: START, by, changes: [], faults: [], ...more };
      return Promise.resolve(last);
    },
    close: () => Promise.resolve(),
  };
  return rememberReloads(inner, START, 12);
}

test('the start is the first of them', () => {
  const { history, last } = createReloader();
  assert.deepEqual(history, [
    { result: 'applied', at: START, by: 'start', changes: [], faults: [], left: 0, tookMs: 12 },
  ]);
  assert.equal(last, undefined);
});

test('the last twenty are kept, the newest first', async () => {
  const reloader = createReloader();
  for (let i = 0; i < 25; i += 1) await reloader.reload(String(i));
  const { history, last } = reloader;
  assert.equal(history.length, 20);
  assert.deepEqual([history[0]?.by, history[19]?.by, last?.by], ['24', '5', '24']);
  assert.ok((history[0]?.tookMs ?? -1) >= 0);
});

test('of a file with thousands of faults the first are kept, and the number of the others', async () => {
  const fault = { file: 'routes.json', line: 1, column: 1, path: '', message: 'no' };
  const reloader = createReloader({ result: 'refused', faults: Array.from({ length: 3000 }, () => fault) });
  const { faults } = await reloader.reload('watch');
  assert.equal(faults.length, 3000, 'whoever asked is told all of them');
  assert.deepEqual([reloader.history[0]?.faults.length, reloader.history[0]?.left], [20, 2980]);
});
