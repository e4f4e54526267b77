import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReloadHistory, type ReloadResult } from '../../../src/server/reload-history.ts';

const reload = (by: string, more: Partial<ReloadResult> = {}): ReloadResult => ({
  result: 'applied',
  at: '2026-01-01T00:00:00.000Z',
  by,
  changes: [],
  faults: [],
  ...more,
});

test('the last twenty are kept, the newest first', () => {
  const history = new ReloadHistory();
  for (let i = 0; i < 25; i += 1) history.add(reload(String(i)), i);
  assert.equal(history.list.length, 20);
  assert.deepEqual([history.list[0]?.by, history.list[0]?.tookMs, history.list[19]?.by], ['24', 24, '5']);
});

test('of a file with thousands of faults the first are kept, and the number of the others', () => {
  const history = new ReloadHistory();
  const fault = { file: 'routes.json', line: 1, column: 1, path: '', message: 'no' };
  history.add(reload('watch', { result: 'refused', faults: Array.from({ length: 3000 }, () => fault) }), 1);
  assert.deepEqual([history.list[0]?.faults.length, history.list[0]?.left], [20, 2980]);
});
