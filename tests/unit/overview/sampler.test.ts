import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '../../../src/lib/steps.ts';
import { createMetrics, type Metrics } from '../../../src/metrics.ts';
import { describeHistory } from '../../../src/overview/history.ts';
import { Sampler, tokenWord } from '../../../src/overview/sampler.ts';
import { lastMinute } from '../../../src/overview/span.ts';

function createSampler() {
  const metrics = createMetrics();
  const sampler = new Sampler(metrics, 0);
  let nowMs = 0;
  const step = (): void => {
    nowMs += 5000;
    finish(sampler.sample(nowMs));
  };
  return { metrics, sampler, step };
}

function request(
  { requests, requestDuration, gatewayDuration }: Metrics,
  route: string,
  status: number | string,
  seconds = 0.02,
) {
  requests.labels(route, 'GET', String(status), 'service').inc();
  requestDuration.labels(route).observe(seconds);
  gatewayDuration.labels(route).observe(0.001);
}

test('each request is counted in one step, for its route and for all', () => {
  const { metrics, sampler, step } = createSampler();
  for (const status of [200, 404, '4xx', 503]) request(metrics, '/a', status);
  request(metrics, '/b', 200);
  step();
  step();
  request(metrics, '/a', 200);
  step();
  const ofAll = describeHistory(sampler, sampler.whole, 1);
  assert.deepEqual(ofAll.requests, [1, 0, 0.2]);
  const { requests, clientErrors, serverErrors, times } = describeHistory(sampler, sampler.routes.get('/a'), 1);
  assert.deepEqual(requests, [0.8, 0, 0.2]);
  assert.deepEqual(clientErrors, [0.4, 0, 0]);
  assert.deepEqual(serverErrors, [0.2, 0, 0]);
  assert.deepEqual(times, [5, 10, 15]);
  const { whole, ...minute } = lastMinute(sampler).of(sampler.routes.get('/a'));
  assert.deepEqual([minute.requests, minute.clientErrors, minute.serverErrors], [5, 2, 1]);
  assert.equal(
    whole.reduce((sum, count) => sum + count, 0),
    5,
  );
});

test('percentiles of a minute are those of all its requests', () => {
  const { metrics, sampler, step } = createSampler();
  for (let i = 0; i < 90; i += 1) request(metrics, '/a', 200, 0.004);
  step();
  for (let i = 0; i < 10; i += 1) request(metrics, '/a', 200, 0.4);
  step();
  const span = lastMinute(sampler);
  const { whole } = span.of(sampler.routes.get('/a'));
  assert.ok(span.percentileMs(whole, 0.5) <= 5);
  assert.ok(span.percentileMs(whole, 0.95) > 250);
});

test('what a removed route was counted under goes with it', () => {
  const { metrics, sampler, step } = createSampler();
  request(metrics, '/a', 200);
  step();
  assert.notEqual(sampler.routes.get('/a'), undefined);
  for (const metric of [metrics.requests, metrics.requestDuration, metrics.gatewayDuration]) metric.forget('/a');
  step();
  assert.equal(sampler.routes.get('/a'), undefined);
  // Whoever has its name later begins anew.
  request(metrics, '/a', 200);
  step();
  assert.deepEqual(describeHistory(sampler, sampler.routes.get('/a'), 1).requests, [0, 0, 0.2]);
});

test('of a service attempts are counted, and those that failed', () => {
  const { metrics, sampler, step } = createSampler();
  for (const outcome of ['ok', 'ok', 'status', 'refused', 'aborted-by-client'])
    metrics.attempts.labels('users', outcome).inc();
  metrics.upstreamDuration.labels('users').observe(0.2);
  step();
  const { requests, serverErrors } = lastMinute(sampler).of(sampler.services.get('users'));
  assert.deepEqual([requests, serverErrors], [5, 2]);
  assert.equal(sampler.outcomes.of('users').get('refused'), 1);
});

test('refusals, decisions, look-ups and tokens of the last minute are told by their words', () => {
  const { metrics, sampler, step } = createSampler();
  request(metrics, '/a', 429);
  metrics.refusals.labels('/a', 'rate_limited').value += 2;
  metrics.limiterDecisions.labels('/a', 'refused').value += 2;
  metrics.cacheLookups.labels('/a', 'hit').value += 3;
  for (const source of ['told', 'estimated']) metrics.modelTokens.labels('/a', 'in', 'gpt', source).value += 10;
  step();
  assert.deepEqual([...sampler.refusals.of('/a')], [['rate_limited', 2]]);
  assert.deepEqual([...sampler.decisions.of('/a')], [['refused', 2]]);
  assert.deepEqual([...sampler.lookups.of('/a')], [['hit', 3]]);
  assert.deepEqual([...sampler.tokens.of('/a')], [[tokenWord('in', 'gpt'), 20]]);
});

test('while a step is being taken, what is shown is what was before it', () => {
  const { metrics, sampler, step } = createSampler();
  request(metrics, '/a', 200);
  step();
  request(metrics, '/a', 200);
  request(metrics, '/b', 200);
  const steps = sampler.sample(10_000);
  for (let rest = 0; rest < 2; rest += 1) steps.next();
  assert.deepEqual(describeHistory(sampler, sampler.routes.get('/a'), 1).requests, [0.2]);
  finish(steps);
  assert.deepEqual(describeHistory(sampler, sampler.routes.get('/a'), 1).requests, [0.2, 0.2]);
});
