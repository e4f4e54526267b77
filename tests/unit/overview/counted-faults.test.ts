import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../src/metrics.ts';
import { CountedFaults } from '../../../src/overview/counted-faults.ts';

test('it is known how many there were, and when the last of them', async () => {
  let nowMs = 1000;
  const metrics = createMetrics();
  const faults = new CountedFaults(metrics, { now: () => nowMs });
  await faults.step();
  assert.deepEqual(faults.linesLost, { total: 0, lastAtMs: undefined });
  metrics.accessLogDropped.inc(7);
  await faults.step();
  nowMs = 2000;
  metrics.watchdogEnded.inc();
  await faults.step();
  assert.deepEqual(faults.linesLost, { total: 7, lastAtMs: 1000 });
  assert.deepEqual(faults.unanswered, { total: 1, lastAtMs: 2000 });
});
