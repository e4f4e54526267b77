import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteUsage } from '../../../src/limits/usage.ts';
import { createContext } from '../../support/limits.ts';

test('what is added to a call counts as its cost, and as no other call', () => {
  const usage = new RouteUsage();
  const context = createContext({ consumer: 'app' });
  usage.count(context, 1, true);
  usage.addCost(context, 29);
  usage.count(context, 1, false);
  const { calls, cost, refused } = usage.tallies.get('app') ?? {};
  assert.deepEqual({ calls, cost, refused }, { calls: 1, cost: 30, refused: 1 });
});
