import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_STEPS, MINUTE_STEPS } from '../../../src/overview/axis.ts';
import { Ring } from '../../../src/overview/ring.ts';
import { StepSum } from '../../../src/overview/step-sum.ts';

const BOUNDS = [1, 2];

function stepOf(
  statusClass: number,
  requests: number,
  whole: readonly number[],
  gateway: readonly number[] = [0, 0, 0],
) {
  const sum = new StepSum(BOUNDS.length + 1);
  sum.count(statusClass, requests);
  sum.whole.set(whole);
  sum.gateway.set(gateway);
  return sum;
}

test('a step is found again with its counts and percentiles', () => {
  const ring = new Ring(BOUNDS);
  ring.write(3, stepOf(5, 4, [0, 4, 0], [4, 0, 0]));
  const { p50Ms, gatewayP99Ms, ...counts } = ring.at(3);
  assert.deepEqual([counts.requests, counts.clientErrors, counts.serverErrors], [4, 0, 4]);
  assert.equal(p50Ms, 1500);
  assert.equal(Math.round(gatewayP99Ms), 990);
});

test('a step without requests has no percentile', () => {
  const ring = new Ring(BOUNDS);
  ring.write(0, stepOf(2, 0, [0, 0, 0]));
  assert.ok(Number.isNaN(ring.at(0).p99Ms));
});

test('a step of half an hour ago gives its room away', () => {
  const ring = new Ring(BOUNDS);
  ring.write(5, stepOf(2, 9, [9, 0, 0]));
  ring.write(5, stepOf(4, 2, [0, 0, 2]));
  assert.deepEqual([ring.at(5).requests, ring.at(5).clientErrors, ring.at(5).p50Ms], [2, 2, 2000]);
});

test('a minute is the sum of its steps, with the buckets of all of them', () => {
  const ring = new Ring(BOUNDS);
  const places = Array.from({ length: MINUTE_STEPS }, (_, index) => (KEPT_STEPS - 4 + index) % KEPT_STEPS);
  for (const [index, place] of places.entries()) ring.write(place, stepOf(2, index, [index, 0, 0]));
  const { requests, whole } = ring.sum(places);
  assert.equal(requests, 66);
  assert.deepEqual([...whole], [66, 0, 0]);
});

test('it knows for how long there was nothing', () => {
  const ring = new Ring(BOUNDS);
  for (const requests of [1, 0, 0]) ring.write(0, stepOf(2, requests, [0, 0, 0]));
  assert.equal(ring.idleSteps, 2);
});
