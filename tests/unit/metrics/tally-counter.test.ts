import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Metric } from 'prom-client';
import { Registry } from 'prom-client';
import { TallyCounter } from '../../../src/metrics/tally-counter.ts';

test('what is counted is printed by the registry, once per set of labels', async () => {
  const counter = new TallyCounter({ name: 'calls_total', help: 'Calls.', labelNames: ['route', 'status'] });
  const registry = new Registry();
  registry.registerMetric(counter as unknown as Metric);
  counter.labels('/a', '200').inc();
  counter.labels('/a', '200').inc();
  counter.labels('/b "x"', '404').inc();
  const text = await registry.metrics();
  assert.match(text, /^# TYPE calls_total counter$/m);
  assert.match(text, /^calls_total\{route="\/a",status="200"\} 2$/m);
  assert.match(text, /^calls_total\{route="\/b \\"x\\"",status="404"\} 1$/m);
});

test('what is counted under one value of the first label is shown with all its labels', () => {
  const counter = new TallyCounter({ name: 'calls_total', help: 'Calls.', labelNames: ['route', 'status'] });
  counter.labels('/a', '200').inc();
  counter.labels('/a', '404').inc();
  counter.labels('/b', '200').inc();
  const shown: string[] = [];
  for (const first of counter.firsts())
    counter.each(first, ({ route, status }, { value }) => shown.push(`${route} ${status} ${value}`));
  assert.deepEqual(shown, ['/a 200 1', '/a 404 1', '/b 200 1']);
  counter.each('/nobody', () => assert.fail('there is nothing'));
  assert.deepEqual([...counter.firsts()], ['/a', '/b']);
});
