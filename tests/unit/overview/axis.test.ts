import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Axis, KEPT_STEPS } from '../../../src/overview/axis.ts';

test('there are no more steps than there were, the oldest first', () => {
  const axis = new Axis(0);
  assert.deepEqual(axis.places(3), []);
  for (const nowMs of [5000, 10_000]) axis.step(nowMs);
  assert.deepEqual(
    axis.places(3).map((place) => axis.atMs(place)),
    [5000, 10_000],
  );
  assert.equal(axis.secondsOf(12), 10);
});

test('the oldest step gives way to the newest', () => {
  const axis = new Axis(0);
  for (let step = 1; step <= KEPT_STEPS + 2; step += 1) axis.step(step * 5000);
  const places = axis.places(KEPT_STEPS + 100);
  assert.equal(places.length, KEPT_STEPS);
  assert.equal(axis.atMs(places[0] as number), 3 * 5000);
  assert.equal(new Set(places).size, KEPT_STEPS);
});

test('a step is as long as it really was, and never negative', () => {
  const axis = new Axis(0);
  axis.step(7000);
  axis.step(1000);
  axis.step(6000);
  assert.deepEqual(
    axis.places(3).map((place) => axis.seconds(place)),
    [7, 5, 5],
  );
});

test('a step that is under way is not among those that are shown', () => {
  const axis = new Axis(0);
  const { next } = axis;
  axis.step(5000);
  assert.deepEqual(axis.places(5), [next]);
  assert.ok(!axis.places(5).includes(axis.next));
});
