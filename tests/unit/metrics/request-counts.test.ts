import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestCounts } from '../../../src/metrics/request-counts.ts';
import { createMetrics } from '../../../src/metrics.ts';

const seriesOf = ({ requests }: ReturnType<typeof createMetrics>) => [...requests.series()].map(({ labels }) => labels);

test('whatever methods and statuses there are, the series of a route are few', () => {
  const metrics = createMetrics();
  const counts = new RequestCounts('/a', metrics);
  for (let status = 100; status < 1000; status += 1)
    for (const method of ['GET', 'POST', 'PROPFIND', `M${status}`]) counts.of(method, status, 'service').inc();
  const series = seriesOf(metrics);
  assert.ok(series.length < 3 * 80, `${series.length} series`);
  const methods = new Set(series.map(({ method }) => method));
  assert.deepEqual([...methods].sort(), ['GET', 'OTHER', 'POST']);
});

test('a status that nobody has registered counts with its class, each time', () => {
  const metrics = createMetrics();
  const counts = new RequestCounts('/a', metrics);
  for (const status of [200, 299, 298, 404, 499, 499, 520, 0]) counts.of('GET', status, 'service').inc();
  const shown = [...metrics.requests.series()].map(({ labels, samples }) => [labels['status'], samples[0]?.value]);
  assert.deepEqual(shown, [
    ['200', 1],
    ['2xx', 2],
    ['404', 1],
    ['499', 2],
    ['5xx', 1],
    ['0', 1],
  ]);
});
