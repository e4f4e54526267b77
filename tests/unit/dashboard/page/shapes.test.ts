import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation as Explained } from '../../../../src/dashboard/page/explained.ts';
import type { History as Drawn, Overview as Read } from '../../../../src/dashboard/page/shapes.ts';
import { tidy } from '../../../../src/dashboard/page/tidy.ts';
import type { Explanation } from '../../../../src/explain/explanation.ts';
import type { History } from '../../../../src/overview/history.ts';
import type { OverviewReport } from '../../../../src/overview/report.ts';

/** The page has words of its own for what it reads: they compile for as long as the gateway tells that. */
const reads = {
  overview: (told: OverviewReport): Read => told,
  history: (told: History): Drawn => told,
  explanation: (told: Explanation): Explained => told,
};

test('what nobody has measured is no 0 ms', () => {
  const quiet = { requestsPerSecond: 0, p50Ms: 0, p99Ms: 0 };
  const told = { window: quiet, cache: null, routes: [{ ...quiet, cache: null }], services: [] };
  const { window: last, routes } = tidy(reads.overview(told as unknown as OverviewReport));
  assert.deepEqual([last.p50Ms, last.p95Ms, routes[0]?.p99Ms], [null, null, null]);
});
