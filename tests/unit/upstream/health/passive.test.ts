import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  beginTrial,
  isOut,
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
  it('takes a target out after five failures in a row, for 10 s', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    assert.equal(failFiveTimes(target, 1_000), true);
    assert.equal(isOut(target, 1_000 + 10 * SECOND_MS - 1), true);
    assert.equal(isOut(target, 1_000 + 10 * SECOND_MS), false);
  });

  it('counts only failures in a row, and none of a client that went away', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    for (let round = 0; round < 10; round += 1) {
      for (const outcome of ['status', 'refused', 'headers-timeout', 'protocol', 'aborted-by-client'] as const) {
        assert.equal(noteOutcome(target, outcome, 1_000, PASSIVE_HEALTH_DEFAULTS), false);
      }
      noteOutcome(target, 'ok', 1_000, PASSIVE_HEALTH_DEFAULTS);
    }
    assert.equal(isOut(target, 1_000), false);
  });

  it('lasts longer each time, up to five minutes, and begins anew after a long good time', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    let nowMs = 1_000;
    const lengths = Array.from({ length: 32 }, () => {
      assert.equal(failFiveTimes(target, nowMs), true);
      const length = target.ejectedUntilMs - nowMs;
      nowMs = target.ejectedUntilMs;
      assert.equal(isOut(target, nowMs), false, 'a target comes back by itself, always');
      noteOutcome(target, 'ok', nowMs, PASSIVE_HEALTH_DEFAULTS);
      return length / SECOND_MS;
    });
    assert.deepEqual(
      lengths,
      Array.from({ length: 32 }, (_, index) => Math.min(10 * (index + 1), 300)),
    );
    nowMs += 301 * SECOND_MS;
    failFiveTimes(target, nowMs);
    assert.equal(target.ejectedUntilMs - nowMs, 10 * SECOND_MS);
  });

  it('is not made longer by answers that were still under way', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    for (let late = 0; late < 20; late += 1) noteOutcome(target, 'reset', 2_000, PASSIVE_HEALTH_DEFAULTS);
    assert.equal(target.ejectedUntilMs, 1_000 + 10 * SECOND_MS);
    assert.equal(target.ejections, 1);
  });

  it('ends with a trial call that passes, and begins a slow start', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    beginTrial(target, 40 * SECOND_MS);
    assert.equal(isOut(target, 40 * SECOND_MS), true, 'nobody else is sent there meanwhile');
    noteOutcome(target, 'ok', 41 * SECOND_MS, PASSIVE_HEALTH_DEFAULTS, 40 * SECOND_MS);
    assert.equal(isOut(target, 41 * SECOND_MS), false);
    assert.equal(target.recoveredAtMs, 41 * SECOND_MS);
  });

  it('begins anew, no longer than before, with a trial call that fails', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    beginTrial(target, 11 * SECOND_MS);
    noteOutcome(target, 'headers-timeout', 14 * SECOND_MS, PASSIVE_HEALTH_DEFAULTS, 11 * SECOND_MS);
    assert.equal(isOut(target, 24 * SECOND_MS - 1), true);
    assert.equal(isOut(target, 24 * SECOND_MS), false);
  });

  it('is not decided by a trial whose client left, or by answers to calls of before', () => {
    const [target] = createTargets({ a: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    beginTrial(target, 11 * SECOND_MS);
    noteOutcome(target, 'ok', 11_500, PASSIVE_HEALTH_DEFAULTS, 500);
    noteOutcome(target, 'reset', 11_500, PASSIVE_HEALTH_DEFAULTS, 500);
    assert.equal(isOut(target, 11_500), true, 'the trial is still under way');
    noteOutcome(target, 'aborted-by-client', 12 * SECOND_MS, PASSIVE_HEALTH_DEFAULTS, 11 * SECOND_MS);
    assert.equal(isOut(target, 12 * SECOND_MS), false, 'the next call is the trial');
    assert.equal(target.isEjected, true);
  });

  it('is not ended by looking', () => {
    const [target] = createTargets({ a: 1, b: 1 }) as [Target];
    failFiveTimes(target, 1_000);
    isOut(target, 40 * SECOND_MS);
    usableTargets([target], 40 * SECOND_MS);
    assert.deepEqual([target.isEjected, target.recoveredAtMs, target.trialSinceMs], [true, 0, 0]);
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

  it('have one whose trial is due for a first GET, for another method later, and for a repeated call last', () => {
    const targets = createTargets({ a: 1, b: 1, c: 1 });
    const [a, b, c] = targets as [Target, Target, Target];
    eject(targets, 1);
    const dueAtMs = a.ejectedUntilMs;
    assert.equal(names(usableTargets(targets, dueAtMs - 1)), 'bc');
    assert.equal(names(usableTargets(targets, dueAtMs)), 'abc');
    assert.equal(names(usableTargets(targets, dueAtMs, undefined, false)), 'bc');
    assert.equal(names(usableTargets(targets, dueAtMs + 5 * SECOND_MS, undefined, false)), 'abc');
    assert.equal(names(usableTargets(targets, dueAtMs, new Set([b]))), 'c');
    assert.equal(names(usableTargets(targets, dueAtMs, new Set([b, c]))), 'a');
    beginTrial(a, dueAtMs);
    assert.equal(names(usableTargets(targets, dueAtMs)), 'bc', 'one trial at a time');
  });
});
