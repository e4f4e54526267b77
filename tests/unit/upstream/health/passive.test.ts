import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isUsable,
  noteOutcome,
  PASSIVE_HEALTH_DEFAULTS,
  usableTargets,
} from '../../../../src/upstream/health/passive.ts';
import type { Target } from '../../../../src/upstream/target.ts';
import { createTargets } from '../../../support/targets.ts';

const SECOND_MS = 1_000;

/** Five failures in a row: whether the last one ejected. */
function failFiveTimes(target: Target, nowMs: number): boolean {
  const results = Array.from({ length: 5 }, () => noteOutcome(target, 'reset', nowMs, PASSIVE_HEALTH_DEFAULTS));
  assert.deepEqual(results.slice(0, 4), [false, false, false, false]);
  return results[4] === true;
}

describe('passive ejection', () => {
  it('takes a target out after five failures in a row, for 30 s', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    assert.equal(failFiveTimes(target, 1_000), true);
    assert.equal(isUsable(target, 1_000 + 30 * SECOND_MS - 1), false);
    assert.equal(isUsable(target, 1_000 + 30 * SECOND_MS), true);
  });

  it('counts only failures in a row, and none of a client that went away', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    for (let round = 0; round < 10; round += 1) {
      for (const outcome of ['status', 'refused', 'headers-timeout', 'protocol', 'aborted-by-client'] as const) {
        assert.equal(noteOutcome(target, outcome, 1_000, PASSIVE_HEALTH_DEFAULTS), false);
      }
      noteOutcome(target, 'ok', 1_000, PASSIVE_HEALTH_DEFAULTS);
    }
    assert.equal(isUsable(target, 1_000), true);
  });

  it('lasts longer each time, up to five minutes, and begins anew after a long good time', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    let nowMs = 1_000;
    const lengths = Array.from({ length: 12 }, () => {
      assert.equal(failFiveTimes(target, nowMs), true);
      const length = target.ejectedUntilMs - nowMs;
      nowMs = target.ejectedUntilMs;
      assert.equal(isUsable(target, nowMs), true, 'a target comes back by itself, always');
      return length / SECOND_MS;
    });
    assert.deepEqual(lengths, [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
    nowMs += 301 * SECOND_MS;
    failFiveTimes(target, nowMs);
    assert.equal(target.ejectedUntilMs - nowMs, 30 * SECOND_MS);
  });

  it('is not made longer by answers that were still under way', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    for (let late = 0; late < 20; late += 1) noteOutcome(target, 'reset', 2_000, PASSIVE_HEALTH_DEFAULTS);
    assert.equal(target.ejectedUntilMs, 1_000 + 30 * SECOND_MS);
    assert.equal(target.ejections, 1);
  });

  it('begins a slow start when it ends', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    isUsable(target, 40 * SECOND_MS);
    assert.equal(target.recoveredAtMs, 40 * SECOND_MS);
  });
});

describe('the targets to choose from', () => {
  const NOW_MS = 5_000;
  const names = (targets: readonly Target[]) => targets.map((target) => new URL(target.url).hostname).join('');
  const eject = (targets: readonly Target[], count: number) => {
    for (const target of targets.slice(0, count)) failFiveTimes(target, NOW_MS);
  };

  it('are the very same list while all are well', () => {
    const targets = createTargets({ a: 1, b: 1 });
    assert.equal(usableTargets(targets, NOW_MS), targets);
  });

  it('leave out those that are ejected, down, or of weight 0', () => {
    const targets = createTargets({ a: 1, b: 1, c: 1, d: 0, e: 1 });
    eject(targets, 1);
    (targets[1] as Target).activeHealth = 'down';
    assert.equal(names(usableTargets(targets, NOW_MS)), 'ce');
  });

  it('are all of them when more than half are out', () => {
    const targets = createTargets({ a: 1, b: 1, c: 1, d: 1 });
    eject(targets, 2);
    assert.equal(names(usableTargets(targets, NOW_MS)), 'cd', 'half out is no panic');
    failFiveTimes(targets[2] as Target, NOW_MS);
    assert.equal(names(usableTargets(targets, NOW_MS)), 'abcd');
  });

  it('never miss the last target', () => {
    const targets = createTargets({ a: 1 });
    eject(targets, 1);
    assert.equal(names(usableTargets(targets, NOW_MS)), 'a');
  });

  it('leave out what was tried already, in a panic too, and are empty when all were', () => {
    const targets = createTargets({ a: 1, b: 1, c: 1 });
    const [a, b, c] = targets as [Target, Target, Target];
    eject(targets, 3);
    assert.equal(names(usableTargets(targets, NOW_MS, new Set([a]))), 'bc');
    assert.equal(names(usableTargets(targets, NOW_MS, new Set([a, b, c]))), '');
  });
});
