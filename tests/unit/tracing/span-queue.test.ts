import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanQueue } from '../../../src/tracing/span-queue.ts';

test('the oldest go first, and what finds no room is not taken', () => {
  const queue = new SpanQueue(3);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((span) => queue.add(span)),
    [true, true, true, false],
  );
  assert.deepEqual(queue.take(2), ['a', 'b']);
  assert.equal(queue.size, 1);
  assert.equal(queue.add('e'), true);
  assert.deepEqual(queue.take(10), ['c', 'e']);
  assert.deepEqual(queue.take(10), []);
});

test('long spans take the room of many', () => {
  const queue = new SpanQueue(1_000_000);
  const long = 'x'.repeat(1024 * 1024);
  let taken = 0;
  while (queue.add(long)) taken += 1;
  assert.equal(taken, 16);
  queue.take(1);
  assert.equal(queue.add(long), true);
});
