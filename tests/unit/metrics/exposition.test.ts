import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMetrics } from '../../../src/metrics/exposition.ts';
import { createMetrics, type Metrics } from '../../../src/metrics.ts';
import { parseOpenMetrics } from '../../support/open-metrics.ts';

const SAMPLED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const openMetricsOf = async ({ registry }: Metrics): Promise<string> =>
  String(await renderMetrics(registry, 'openMetrics'));

test('the text is what prom-client makes of the same registry, but for its empty lines', async () => {
  const metrics = createMetrics();
  metrics.requests.labels('/a "x"\\\n', 'GET', '200', 'service').inc();
  metrics.requestDuration.labels('/a').observe(0.3);
  metrics.breakerState.labels('users').set(2);
  const text = String(await renderMetrics(metrics.registry, 'text'));
  assert.equal(text, (await metrics.registry.metrics()).replaceAll('\n\n', '\n'));
});

test('OpenMetrics keeps to its rules with every metric of the table and those of Node', async () => {
  const metrics = createMetrics({ process: true });
  metrics.requests.labels('/a "x"\\\n', 'GET', '200', 'service').inc(SAMPLED, 1500);
  metrics.requestDuration.labels('/a').observe(0.3, SAMPLED, 1500);
  metrics.requestDuration.labels('/b').observe(100);
  metrics.breakerState.labels('users').set(2);
  const families = parseOpenMetrics(await openMetricsOf(metrics));
  assert.equal(families.get('turnpike_requests')?.samples[0]?.labels['route'], '/a "x"\\\n');
  assert.equal(families.get('turnpike_request_duration_seconds')?.unit, 'seconds');
  assert.equal(families.get('process_cpu_user_seconds')?.type, 'counter');
  for (const [name, { help }] of families) assert.ok(help.length > 10, `the help of ${name}`);
});

test('an exemplar has the two IDs of its request, and stands at the bucket that the request fell into', async () => {
  const metrics = createMetrics();
  const tally = metrics.requestDuration.labels('/a');
  tally.observe(0.3, SAMPLED, 1_700_000_000_123);
  tally.observe(0.004);
  const text = await openMetricsOf(metrics);
  assert.match(
    text,
    /_bucket\{le="0.5",route="\/a"\} 2 # \{trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"\} 0.3 1700000000.123\n/,
  );
  assert.equal(text.match(/ # \{/g)?.length, 1);
  assert.ok(!String(await renderMetrics(metrics.registry, 'text')).includes('trace_id'));
});

test('an exemplar is kept of a sampled request alone, and for a while after somebody has asked', () => {
  const { exemplars } = createMetrics();
  const withFlags = (flags: string): string => SAMPLED.slice(0, -2) + flags;
  assert.equal(exemplars.of(SAMPLED, 1000), undefined);
  exemplars.ask(1000);
  assert.equal(exemplars.of(SAMPLED, 2000), SAMPLED);
  for (let flags = 0; flags < 256; flags += 1) {
    const traceparent = withFlags(flags.toString(16).padStart(2, '0'));
    assert.equal(exemplars.of(traceparent, 2000) !== undefined, flags % 2 === 1, traceparent);
  }
  assert.equal(exemplars.of('', 2000), undefined);
  assert.equal(exemplars.of(SAMPLED, 1000 + 5 * 60_000), undefined);
});

test('ten thousand series are rendered in slices, and what is forgotten meanwhile does not matter', async () => {
  const metrics = createMetrics();
  for (let i = 0; i < 3000; i += 1) metrics.requestDuration.labels(`/route-${i}`).observe(0.1);
  const rendering = openMetricsOf(metrics);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
    metrics.requestDuration.forget(`/route-${2999 - turns}`);
  }, 1);
  parseOpenMetrics(await rendering);
  clearInterval(timer);
  assert.ok(turns >= 2, `others had their turn ${turns} times`);
});

test('a counter that an alert watches shows its zero, others do not', async () => {
  const metrics = createMetrics();
  metrics.credentialRefusals.labels('/a', 'expired_key');
  metrics.refusals.labels('/a', 'not_found');
  const text = String(await renderMetrics(metrics.registry, 'text'));
  assert.match(text, /^turnpike_credential_refusals_total\{route="\/a",reason="expired_key"\} 0$/m);
  assert.ok(!text.includes('turnpike_refusals_total{'));
});
