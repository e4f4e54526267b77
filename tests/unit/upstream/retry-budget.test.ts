import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from '../../../src/upstream/retry-budget.ts';

test('the budget is a fifth of the requests, with three to begin with and a bounded reserve', () => {
  const budget = new RetryBudget();
  const takeAll = (isAnother = false): number => {
    let taken = 0;
    for (; budget.hasRoom(isAnother); taken++) budget.take();
    for (let i = 0; i < taken; i++) budget.release();
    return taken;
  };
  assert.equal(takeAll(), 3);
  for (let i = 0; i < 50; i++) budget.earn(1);
  assert.ok(Math.abs(takeAll() - 10) <= 1);
  for (let i = 0; i < 100_000; i++) budget.earn(1);
  assert.ok(Math.abs(takeAll() - 100) <= 1);
  for (let i = 0; i < 100_000; i++) budget.earn(400);
  assert.ok(Math.abs(takeAll() - 400) <= 1);
  assert.equal(takeAll(true), 103, 'at another target there are more, from the start');
  assert.equal(takeAll(true), 3);
  for (let i = 0; i < 100_000; i++) budget.earn(1);
  assert.ok(Math.abs(takeAll(true) - 200) <= 1, 'and they are filled up again');
});
