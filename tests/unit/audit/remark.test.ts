import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Remark, remarkOn, renderWarnings } from '../../../src/audit/remark.ts';

const say = (which: string) => `the quota of ${which} is forgotten`;
const onPlan = (name: string): Remark =>
  remarkOn({ noun: 'plan', name, say }, { id: 'quota-forgotten', at: ['plans', name], fix: 'Set REDIS_URL' });

test('a start tells what it says of several names once, and the first five of them', () => {
  assert.deepEqual(renderWarnings([onPlan('a')]), ['the quota of plan "a" is forgotten. Set REDIS_URL']);
  assert.deepEqual(renderWarnings(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(onPlan)), [
    'the quota of plans "a", "b", "c", "d", "e", and 2 more is forgotten. Set REDIS_URL',
  ]);
});

test('what is said of one thing alone is not united with others', () => {
  const one: Remark = { id: 'fault-injected', at: ['routes', 0], message: 'the route "/a" fails' };
  const other: Remark = { ...one, at: ['routes', 1], message: 'the route "/b" fails' };
  assert.deepEqual(renderWarnings([one, onPlan('a'), other]), [
    'the route "/a" fails',
    'the quota of plan "a" is forgotten. Set REDIS_URL',
    'the route "/b" fails',
  ]);
});
