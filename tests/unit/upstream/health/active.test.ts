import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { healthCheckOption, type Probe, startActiveChecks } from '../../../../src/upstream/health/active.ts';
import { noteOutcome, PASSIVE_HEALTH_DEFAULTS } from '../../../../src/upstream/health/passive.ts';
import type { Target } from '../../../../src/upstream/target.ts';
import { createTargets } from '../../../support/targets.ts';

const options = healthCheckOption.parse({ path: '/health' });
const INTERVAL_MS = 5_000;

/** Lets promises that are ready run; the mocked clock stands still meanwhile. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('active checks', () => {
  let nowMs = 0;
  beforeEach(() => {
    nowMs = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(() => mock.timers.reset());

  /** The middle of every range, so that the jitter is none and the first check comes after 250 ms. */
  function start(targets: readonly Target[], probe: Probe) {
    const changes: string[] = [];
    const checks = startActiveChecks(targets, options, probe, {
      now: () => nowMs,
      random: () => 0.5,
      onChange: (target) => changes.push(target.activeHealth),
    });
    return { checks, changes };
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      nowMs += 50;
      mock.timers.tick(50);
      await settle();
    }
  }

  it('hold a target up after its first pass, down after three failures, up after two passes', async () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    let isWell = true;
    const { checks, changes } = start([target], async () => isWell);
    await pass(250);
    assert.equal(target.activeHealth, 'up');
    isWell = false;
    await pass(2 * INTERVAL_MS);
    assert.equal(target.activeHealth, 'up', 'two failures are not enough');
    await pass(INTERVAL_MS);
    assert.equal(target.activeHealth, 'down');
    isWell = true;
    await pass(INTERVAL_MS);
    assert.equal(target.activeHealth, 'down');
    await pass(INTERVAL_MS);
    assert.equal(target.activeHealth, 'up');
    assert.equal(target.recoveredAtMs, nowMs, 'its slow start begins');
    assert.deepEqual(changes, ['up', 'down', 'up']);
    checks.close();
  });

  it('count a check that hangs, or throws, as failed', async () => {
    const targets = createTargets({ hangs: 1, throws: 1 });
    const probe: Probe = (target, signal) =>
      target.url.includes('throws')
        ? Promise.reject(new Error('refused'))
        : new Promise((resolve) => signal.addEventListener('abort', () => resolve(true)));
    const { checks } = start(targets, probe);
    await pass(30_000);
    assert.deepEqual(
      targets.map((target) => target.activeHealth),
      ['down', 'down'],
    );
    checks.close();
  });

  it('end a passive ejection early, and later each time that answers fail while checks pass', async () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    const { checks } = start([target], async () => true);
    await pass(60_000);
    const timesOut = [];
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 0; failure < 5; failure += 1) noteOutcome(target, 'status', nowMs, PASSIVE_HEALTH_DEFAULTS);
      assert.equal(target.isEjected, true);
      const sinceMs = nowMs;
      while (target.isEjected) await pass(50);
      timesOut.push(Math.ceil((nowMs - sinceMs) / INTERVAL_MS));
    }
    assert.deepEqual(timesOut, [2, 4, 6], 'in checks');
    checks.close();
  });

  it('follow the list of targets, and stop for those that are gone', async () => {
    const [a, b] = createTargets({ a: 1, b: 1 }) as [Target, Target];
    const asked: Target[] = [];
    const { checks } = start([a], async (target) => asked.push(target) > 0);
    await pass(250);
    checks.update([b]);
    await pass(2 * INTERVAL_MS);
    assert.deepEqual(
      asked.map((target) => target.url),
      [a.url, b.url, b.url],
    );
    checks.close();
    await pass(2 * INTERVAL_MS);
    assert.equal(asked.length, 3, 'nobody is asked after the close');
  });

  it('abort what is under way when they are closed, and write nothing any more', async () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    let wasAborted = false;
    const { checks, changes } = start([target], (_target, signal) => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      signal.addEventListener('abort', () => {
        wasAborted = true;
        resolve(true);
      });
      return promise;
    });
    await pass(500);
    checks.close();
    await settle();
    assert.equal(wasAborted, true);
    assert.equal(target.activeHealth, 'unknown');
    assert.deepEqual(changes, []);
  });

  it('stay off the beat: each pause differs by up to a tenth', async () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    const timesMs: number[] = [];
    const randoms = [0, 0, 1, 0.5];
    const checks = startActiveChecks([target], options, async () => timesMs.push(nowMs) > 0, {
      now: () => nowMs,
      random: () => randoms.shift() ?? 0.5,
    });
    await pass(20_000);
    checks.close();
    const pauses = timesMs.slice(1, 4).map((time, index) => time - (timesMs[index] as number));
    assert.deepEqual(pauses, [4_500, 5_500, 5_000]);
  });
});
