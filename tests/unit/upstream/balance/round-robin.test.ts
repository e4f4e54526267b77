import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BalanceOption, createBalancer } from '../../../../src/upstream/balance/balance.ts';
import type { Target } from '../../../../src/upstream/target.ts';
import { createTargets, fakeContext, nameOf } from '../../../support/targets.ts';

function pickMany(option: BalanceOption, targets: readonly Target[], count: number): string {
  const balancer = createBalancer(option);
  return Array.from({ length: count }, () => nameOf(balancer.pick(targets, fakeContext()))).join('');
}

describe('round-robin', () => {
  it('gives equal turns whatever the weights', () => {
    assert.equal(pickMany('round-robin', createTargets({ a: 5, b: 1, c: 1 }), 6), 'abcabc');
  });

  it('spreads turns by weight smoothly, not in bursts', () => {
    assert.equal(pickMany('weighted', createTargets({ a: 5, b: 1, c: 1 }), 14), 'aabacaaaabacaa');
  });

  it('gives nothing to a target of weight 0', () => {
    assert.equal(pickMany('weighted', createTargets({ a: 0, b: 1 }), 4), 'bbbb');
  });

  it('gives a target that came back a tenth of its turns at first, and all of them after the slow start', () => {
    let nowMs = 1_000;
    const targets = createTargets({ a: 1, b: 1 });
    const balancer = createBalancer('round-robin', { slowStartMs: 10_000, now: () => nowMs });
    const turnsOfA = () => {
      let turns = 0;
      for (let index = 0; index < 110; index += 1)
        if (nameOf(balancer.pick(targets, fakeContext())) === 'a') turns += 1;
      return turns;
    };
    (targets[0] as Target).recoveredAtMs = nowMs;
    assert.equal(turnsOfA(), 10);
    nowMs += 5_000;
    assert.ok(Math.abs(turnsOfA() - 110 / 3) <= 1, 'half its share after half the time');
    nowMs += 5_000;
    assert.ok(Math.abs(turnsOfA() - 55) <= 1);
  });
});
