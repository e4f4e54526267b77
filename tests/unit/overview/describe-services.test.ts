import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '../../../src/lib/steps.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { Closings } from '../../../src/overview/closings.ts';
import { describeBreaker, describeServices } from '../../../src/overview/describe-services.ts';
import { Sampler } from '../../../src/overview/sampler.ts';
import { lastMinute } from '../../../src/overview/span.ts';
import type { Breaker } from '../../../src/upstream/breaker.ts';
import type { ServiceReport, TargetReport } from '../../../src/upstream/service-report.ts';

const target = (more: Partial<TargetReport> = {}): TargetReport => ({
  url: 'http://10.0.0.1:80',
  weight: 1,
  inFlight: 0,
  latencyMs: 1.2345,
  health: 'unknown',
  isEjected: false,
  ejectedForMs: 0,
  isHealthy: true,
  state: 'in',
  lastFailure: undefined,
  ...more,
});

const service = (targets: readonly TargetReport[]): ServiceReport => ({
  name: 'users',
  outsideName: 'users',
  circuit: 'closed',
  discovery: 'ok',
  inFlight: 0,
  waiting: 0,
  targets,
});

function describeOne(report: ServiceReport, sampler = new Sampler(createMetrics(), 0)) {
  const [one] = finish(describeServices([report], [], sampler, lastMinute(sampler), 100_000));
  assert.ok(one);
  return one;
}

test('each target says why it is in or out', () => {
  const { healthy, total, targets } = describeOne(
    service([
      target(),
      target({ health: 'up' }),
      target({ weight: 0 }),
      target({ isEjected: true, state: 'trial' }),
      target({ health: 'down', isHealthy: false, state: 'out' }),
      target({ isEjected: true, ejectedForMs: 4200, isHealthy: false, state: 'out' }),
      target({ isEjected: true, isHealthy: false, state: 'trial' }),
    ]),
  );
  assert.deepEqual([healthy, total], [3, 7]);
  assert.deepEqual(
    targets.map(({ state, reason }) => `${state}: ${reason}`),
    [
      'in: nothing is known against it',
      'in: passes its health checks',
      'in: its weight is 0, so it is given no requests',
      'trial: was left alone for its failures; the next request is its trial',
      'out: fails its health checks',
      'out: is left alone for 5 s more, for its failures',
      'trial: was left alone for its failures; its trial is under way',
    ],
  );
  assert.equal(targets[0]?.latencyMs, 1.23);
});

test('how a target failed last is told with its row, and when that began', () => {
  const lastFailure = {
    outcome: 'refused',
    cause: 'connect ECONNREFUSED',
    agoMs: 3000,
    inARow: 12,
    firstAgoMs: 60_000,
  } as const;
  const { targets } = describeOne(service([target({ lastFailure }), target()]));
  assert.deepEqual(
    targets.map((one) => one.lastFailure),
    [{ outcome: 'refused', cause: 'connect ECONNREFUSED', at: 97_000, inARow: 12, since: 40_000 }, null],
  );
});

test('how slow it mostly is, is the median of the half hour before the last minute', () => {
  const metrics = createMetrics();
  const sampler = new Sampler(metrics, 0);
  const call = (seconds: number): void => {
    metrics.attempts.labels('users', 'ok').inc();
    metrics.upstreamDuration.labels('users').observe(seconds);
  };
  for (let step = 1; step <= 40; step += 1) {
    call(step > 28 ? 0.9 : 0.02);
    finish(sampler.sample(step * 5000));
    if (step === 20) assert.equal(describeOne(service([]), sampler).usualP99Ms, null);
  }
  const { usualP99Ms, p99Ms } = describeOne(service([]), sampler);
  assert.ok(usualP99Ms !== null && usualP99Ms > 10 && usualP99Ms < 26, String(usualP99Ms));
  assert.ok(p99Ms > 500);
});

test('a circuit tells what opened it, unless an operator holds it', () => {
  const breaker = {
    name: 'users',
    state: 'open',
    isForced: false,
    changedAtMs: performance.now() - 2000,
    opened: {
      atMs: performance.now() - 9000,
      calls: 7,
      failures: 6,
      outcomes: { reset: 6 } as Readonly<Record<string, number>>,
    },
    retryAfterSeconds: 4,
  } as Breaker;
  const { since, openSince = 0, ...told } = describeBreaker(breaker, new Closings(), 10_000);
  assert.ok(Math.abs(since - 8000) < 500);
  assert.ok(Math.abs(openSince - 1000) < 500, 'trials in between do not move it');
  const opened = { calls: 7, failures: 6, outcomes: { reset: 6 } };
  assert.deepEqual(told, {
    name: 'users',
    state: 'open',
    retryAfterSeconds: 4,
    isForced: false,
    closedAgain: 0,
    opened,
  });
  const held = describeBreaker({ ...breaker, isForced: true }, new Closings(), 10_000);
  assert.deepEqual([held.isForced, held.opened, held.retryAfterSeconds], [true, undefined, undefined]);
});
