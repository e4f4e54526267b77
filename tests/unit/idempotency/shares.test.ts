import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shares } from '../../../src/idempotency/shares.ts';

test('weights are told of all and of each caller, the oldest first', () => {
  const shares = new Shares<{ caller: string }>();
  const [a, b, c] = [{ caller: 'x' }, { caller: 'y' }, { caller: 'x' }];
  shares.add(a, 1);
  shares.add(b, 2);
  shares.add(c, 4);
  assert.deepEqual([shares.weight, shares.weightOf('x'), shares.weightOf('y'), shares.weightOf('z')], [7, 5, 2, 0]);
  assert.equal(shares.oldest(), a);
  shares.add(a, 8);
  assert.deepEqual([shares.weight, shares.oldest() === b, shares.oldestOf('x') === c], [14, true, true]);
  assert.deepEqual([shares.remove(b), shares.remove(b), shares.weightOf('y')], [true, false, 0]);
  assert.equal(shares.oldestOf('y'), undefined);
  shares.clear();
  assert.deepEqual([shares.weight, shares.oldest()], [0, undefined]);
});
