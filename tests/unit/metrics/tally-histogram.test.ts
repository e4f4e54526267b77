import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { TallyHistogram } from '../../../src/metrics/tally-histogram.ts';

test('a registry prints it exactly as it prints a histogram of its own', async () => {
  const bounds = [0.1, 1, 10];
  const theirs = new Registry();
  const original = new Histogram({ name: 'h', help: 'x', labelNames: ['route'], buckets: bounds, registers: [theirs] });
  const ours = new Registry();
  const tally = new TallyHistogram({ name: 'h', help: 'x', label: 'route', bounds });
  ours.registerMetric(tally as never);
  for (const [route, value] of [
    ['/a', 0],
    ['/a', 0.1],
    ['/a', 0.5],
    ['/b "q"', 1],
    ['/a', 99],
    ['/b "q"', 10],
  ] as const) {
    original.labels(route).observe(value);
    tally.labels(route).observe(value);
  }
  assert.equal(await ours.metrics(), await theirs.metrics());
});

test('looking for a tally makes none', () => {
  const histogram = new TallyHistogram({ name: 'h', help: 'x', label: 'route', bounds: [1] });
  assert.equal(histogram.find('/a'), undefined);
  histogram.labels('/a').observe(0.5);
  assert.deepEqual([...(histogram.find('/a')?.counts ?? [])], [1, 0]);
  assert.deepEqual([...histogram.firsts()], ['/a']);
});
