import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCounter } from '../../../src/limits/memory-counter.ts';
import { rateLimitSchema } from '../../../src/limits/schema.ts';
import { compileQuota, compileWindow, type Window } from '../../../src/limits/window.ts';
import { createContext, FakeClock } from '../../support/limits.ts';

const OWNER = { kind: 'route', name: 'models' } as const;

function windowOf(options: object): Window {
  return compileWindow(rateLimitSchema.parse({ cost: 'tokens', ...options }), OWNER, 'models');
}

function bench(...windows: Window[]) {
  const clock = new FakeClock();
  const counter = new MemoryCounter(clock);
  const context = createContext({ consumer: 'app' });
  return {
    clock,
    reserve: (least: number, most = least) => counter.reserve(windows, context, { least, most }),
    left: () => counter.peek(windows, context).map(({ remaining }) => remaining),
  };
}

const SLIDING = { limit: 1000, window: '10s' };
const FIXED = { limit: 1000, window: '10s', algorithm: 'fixed' };

test('what is settled counts in the place of what was reserved, and once', () => {
  for (const options of [SLIDING, FIXED]) {
    const { reserve, left } = bench(windowOf(options));
    const held = reserve(400);
    assert.deepEqual(left(), [600]);
    held.settle(150);
    held.settle(0);
    assert.deepEqual(left(), [850]);
    reserve(300).settle(0);
    assert.deepEqual(left(), [850]);
  }
});

test('an overrun is booked, and the next one meets it', () => {
  const { reserve, left } = bench(windowOf(SLIDING));
  reserve(100).settle(5000);
  assert.deepEqual(left(), [0]);
  const refused = reserve(1);
  assert.equal(refused.decision.allowed, false);
  assert.equal(refused.reserved, 0);
});

test('as much is reserved as is left, but no less than the least', () => {
  const { reserve } = bench(windowOf(SLIDING));
  assert.equal(reserve(10, 700).reserved, 700);
  assert.equal(reserve(10, 700).reserved, 300);
  assert.equal(reserve(10, 700).decision.allowed, false);
});

test('of several windows all reserve or none does', () => {
  const { reserve, left } = bench(windowOf(SLIDING), windowOf({ limit: 100, window: '1m' }));
  assert.equal(reserve(101).decision.allowed, false);
  assert.deepEqual(left(), [1000, 100]);
  assert.equal(reserve(1, 500).reserved, 100);
  assert.deepEqual(left(), [900, 0]);
});

test('what was reserved is given back to the part in which it was, and to none once that has left', () => {
  const { reserve, left, clock } = bench(windowOf(SLIDING));
  const early = reserve(500);
  clock.pass(5000);
  const late = reserve(300);
  early.settle(100);
  assert.deepEqual(left(), [600]);
  clock.pass(6_100);
  assert.deepEqual(left(), [700]);
  clock.pass(20_000);
  late.settle(0);
  assert.deepEqual(left(), [1000]);
  const gone = reserve(100);
  clock.pass(60_000);
  gone.settle(400);
  assert.deepEqual(left(), [700]);
});

test('a period that is over takes nothing back from the next', () => {
  const { reserve, left, clock } = bench(windowOf(FIXED));
  const early = reserve(500);
  clock.pass(10_000);
  reserve(200);
  early.settle(0);
  assert.deepEqual(left(), [800]);
});

test('tokens and calls have counters of their own, and no token-bucket counts tokens', () => {
  const calls = compileWindow(rateLimitSchema.parse(SLIDING), OWNER, 'models');
  assert.notEqual(windowOf(SLIDING).id, calls.id);
  assert.notEqual(
    compileQuota({ limit: 1, period: 'month' }, 'p').id,
    compileQuota({ limit: 1, period: 'month', cost: 'tokens' }, 'p').id,
  );
  const bucket = rateLimitSchema.safeParse({
    limit: 5,
    window: '1s',
    algorithm: 'token-bucket',
    burst: 1,
    cost: 'tokens',
  });
  assert.equal(bucket.success, false);
});
