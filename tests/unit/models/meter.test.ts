import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf } from '../../../src/models/meter.ts';
import type { SeenAnswer } from '../../../src/models/usage-sink.ts';

const NOTHING = { input: undefined, output: undefined };
const seen = (more: Partial<SeenAnswer>): SeenAnswer => ({
  status: 200,
  told: NOTHING,
  estimatedOutput: 0,
  isWhole: true,
  isFinal: true,
  firstTextAtMs: 0,
  ...more,
});
const ask = { api: 'chat', input: 10 } as const;

test('what is told counts as it is, also beyond what was reserved', () => {
  const told = { input: 12, output: 500 };
  assert.deepEqual(countOf(ask, seen({ told }), 100, false), { input: 12, output: 500, isTold: true });
});

test('what is not told is estimated, and is never more than was reserved', () => {
  assert.deepEqual(countOf(ask, seen({ estimatedOutput: 20 }), 100, false), { input: 10, output: 20, isTold: false });
  assert.deepEqual(countOf(ask, seen({ estimatedOutput: 2000 }), 100, false), { input: 10, output: 90, isTold: false });
});

test('what was told at the beginning alone is no last word', () => {
  const answer = seen({ told: { input: 40, output: 1 }, estimatedOutput: 25, isFinal: false });
  assert.deepEqual(countOf(ask, answer, 100, false), { input: 40, output: 25, isTold: false });
});

test('an answer that was left in the middle counts what was streamed, and what it told before', () => {
  const told = { input: 40, output: 1 };
  const answer = seen({ told, estimatedOutput: 25, isWhole: false });
  assert.deepEqual(countOf(ask, answer, 100, true), { input: 40, output: 25, isTold: false });
});

test('a failure counts nothing, and a client that left a service at work its request', () => {
  assert.equal(countOf(ask, seen({ status: 500 }), 100, false), undefined);
  assert.equal(countOf(ask, seen({ status: 429 }), 100, false), undefined);
  assert.equal(countOf(ask, seen({ status: 0, isWhole: false }), 100, false), undefined);
  assert.deepEqual(countOf(ask, seen({ status: 0, isWhole: false }), 100, true), {
    input: 10,
    output: 0,
    isTold: false,
  });
});
