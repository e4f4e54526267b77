import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisChanges } from '../../../src/overview/redis-changes.ts';

test('changes of the last ten minutes are counted, and the last one is told', () => {
  let nowMs = 1000;
  let change = (_isUp: boolean): void => {};
  let hasStopped = false;
  const link = {
    onChange(listener: (isUp: boolean) => void) {
      change = listener;
      return () => {
        hasStopped = true;
      };
    },
  };
  const changes = new RedisChanges(link, { now: () => nowMs });
  assert.deepEqual(changes.report(), { since: 1000, lastTenMinutes: 0 });
  for (nowMs of [2000, 3000, 400_000]) change(true);
  assert.deepEqual(changes.report(), { since: 400_000, lastTenMinutes: 3 });
  nowMs = 700_000;
  assert.deepEqual(changes.report(), { since: 400_000, lastTenMinutes: 1 });
  for (let i = 0; i < 5000; i += 1) change(true);
  assert.ok(changes.report().lastTenMinutes <= 1000);
  changes.close();
  assert.ok(hasStopped);
});
