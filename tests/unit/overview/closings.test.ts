import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../src/metrics.ts';
import { Closings } from '../../../src/overview/closings.ts';

test('closings of the last ten minutes are counted, and openings are not', () => {
  const { breakerTransitions } = createMetrics();
  const closings = new Closings();
  for (const to of ['open', 'half-open', 'closed', 'open', 'closed']) breakerTransitions.labels('users', to).inc();
  closings.step(breakerTransitions, 1000);
  assert.equal(closings.count('users', 1000), 2);
  breakerTransitions.labels('users', 'closed').inc();
  closings.step(breakerTransitions, 300_000);
  closings.step(breakerTransitions, 300_000);
  assert.equal(closings.count('users', 300_000), 3);
  assert.equal(closings.count('users', 700_000), 1);
  assert.equal(closings.count('nobody', 1000), 0);
  breakerTransitions.forget('users');
  closings.step(breakerTransitions, 300_000);
  assert.equal(closings.count('users', 300_000), 0);
});
