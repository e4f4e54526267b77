import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEpoch } from '../../../src/tracing/epoch.ts';

test('both clocks are one where they agree, and the wall clock is believed where it was set', () => {
  let apartMs = 0;
  let nowMs = 1_000;
  const epochAt = createEpoch({ now: () => Math.floor(performance.timeOrigin + nowMs + apartMs) });
  assert.equal(epochAt(nowMs), performance.timeOrigin);
  apartMs = 60_000;
  // Spans of the next seconds go by the same.
  assert.equal(epochAt(nowMs + 1), performance.timeOrigin);
  nowMs += 20_000;
  const after = epochAt(nowMs) - performance.timeOrigin;
  assert.ok(after > 59_998 && after <= 60_000, String(after));
});
