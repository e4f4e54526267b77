import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentileOf } from '../../../src/overview/percentile.ts';

const BOUNDS = [1, 2, 4];

test('a percentile is interpolated within its bucket', () => {
  assert.equal(percentileOf([0, 10, 0, 0], BOUNDS, 0.5), 1.5);
  assert.equal(percentileOf([10, 0, 0, 0], BOUNDS, 0.5), 0.5);
  assert.equal(percentileOf([50, 0, 50, 0], BOUNDS, 0.99), 3.96);
});

test('where a bucket ends, the next one has no part in it', () => {
  assert.equal(percentileOf([50, 0, 50, 0], BOUNDS, 0.5), 1);
});

test('what lies above all bounds is told as the highest of them', () => {
  assert.equal(percentileOf([0, 0, 0, 7], BOUNDS, 0.5), 4);
  assert.equal(percentileOf([1, 0, 0, 7], BOUNDS, 0.99), 4);
});

test('of nothing there is none', () => {
  assert.equal(percentileOf([0, 0, 0, 0], BOUNDS, 0.5), undefined);
  assert.equal(percentileOf([], BOUNDS, 0.5), undefined);
});
