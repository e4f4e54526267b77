import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE_STEPS } from '../../../src/overview/axis.ts';
import { MinuteCounts } from '../../../src/overview/minute-counts.ts';

test('what was counted is told once its step is over, and forgotten after a minute', () => {
  const counts = new MinuteCounts();
  counts.add('/a', 'rate_limited', 3);
  assert.equal(counts.of('/a').size, 0);
  counts.step();
  counts.add('/a', 'rate_limited', 2);
  counts.add('/b', 'rate_limited', 1);
  counts.add('/b', 'forbidden', 0);
  counts.step();
  assert.deepEqual([...counts.of('/a')], [['rate_limited', 5]]);
  assert.deepEqual([...counts.of('/b')], [['rate_limited', 1]]);
  assert.deepEqual([...counts.ofAll()], [['rate_limited', 6]]);
  for (let step = 0; step < MINUTE_STEPS - 1; step += 1) counts.step();
  assert.deepEqual([...counts.of('/a')], [['rate_limited', 2]]);
  counts.step();
  assert.equal(counts.ofAll().size, 0);
});
