import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_STEPS } from '../../../src/overview/axis.ts';
import { Rings } from '../../../src/overview/rings.ts';
import { StepSum } from '../../../src/overview/step-sum.ts';

const BOUNDS = [1];

function stepOf(requests: number): StepSum {
  const sum = new StepSum(2);
  sum.count(2, requests);
  return sum;
}

test('a name without traffic has no ring', () => {
  const rings = new Rings(BOUNDS, 10);
  rings.write('a', 1, stepOf(0));
  rings.write('b', 1, stepOf(1));
  assert.equal(rings.get('a'), undefined);
  assert.equal(rings.get('b')?.at(1).requests, 1);
});

test('there are never more than so many', () => {
  const rings = new Rings(BOUNDS, 2);
  for (const name of ['a', 'b', 'c']) rings.write(name, 1, stepOf(1));
  assert.equal(rings.size, 2);
  assert.equal(rings.get('c'), undefined);
});

test('one that had no traffic for half an hour makes room', () => {
  const rings = new Rings(BOUNDS, 1);
  rings.write('a', 0, stepOf(1));
  for (let step = 0; step < KEPT_STEPS; step += 1) rings.write('a', step, stepOf(0));
  rings.write('b', 1, stepOf(1));
  assert.equal(rings.get('a'), undefined);
  assert.equal(rings.get('b')?.at(1).requests, 1);
});

test('one whose name is gone goes with it', () => {
  const rings = new Rings(BOUNDS, 5);
  for (const name of ['a', '__proto__']) rings.write(name, 1, stepOf(1));
  rings.retain(new Set(['__proto__']));
  assert.equal(rings.get('a'), undefined);
  assert.equal(rings.get('__proto__')?.at(1).requests, 1);
});
