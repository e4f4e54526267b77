import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCounter } from '../../../src/limits/memory-counter.ts';
import { rateLimitSchema } from '../../../src/limits/schema.ts';
import { compileWindow } from '../../../src/limits/window.ts';
import { createContext, FakeClock } from '../../support/limits.ts';

const window = compileWindow(
  rateLimitSchema.parse({ limit: 10, window: '1m' }),
  { kind: 'route', name: 'users' },
  'users',
);

function call(counter: MemoryCounter, consumer: string): boolean {
  return counter.decide([window], createContext({ consumer }), 1).allowed;
}

test('callers who have been away for a window are forgotten as others come', () => {
  const clock = new FakeClock();
  const counter = new MemoryCounter(clock);
  for (let caller = 0; caller < 1000; caller++) call(counter, `old-${caller}`);
  clock.pass(120_000);
  for (let caller = 0; caller < 1000; caller++) call(counter, `new-${caller}`);
  assert.ok(counter.size <= 1001, `${counter.size} counters`);
});

test('the number of callers remembered is bounded, and a flood of new ones frees nobody who is at the limit', () => {
  const counter = new MemoryCounter(new FakeClock(), 500);
  for (let used = 0; used < 10; used++) call(counter, 'greedy');
  assert.equal(call(counter, 'greedy'), false);
  for (let caller = 0; caller < 20_000; caller++) call(counter, `flood-${caller}`);
  assert.equal(counter.size, 500);
  assert.equal(call(counter, 'greedy'), false);
});

test('looking at what is left neither counts nor remembers', () => {
  const counter = new MemoryCounter(new FakeClock());
  const context = createContext({ consumer: 'app' });
  const untouched = { policy: 'users-1m', limit: 10, remaining: 10, resetSeconds: 0, windowSeconds: 60 };
  assert.deepEqual(counter.peek([window], context), [untouched]);
  assert.equal(counter.size, 0);
  counter.decide([window], context, 3);
  assert.deepEqual(counter.peek([window], context), [{ ...untouched, remaining: 7, resetSeconds: 60 }]);
  assert.deepEqual(counter.peek([window], context), counter.peek([window], context));
});
