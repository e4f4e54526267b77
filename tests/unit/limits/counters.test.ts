import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCounter } from '../../../src/limits/memory-counter.ts';
import { rateLimitSchema } from '../../../src/limits/schema.ts';
import { compileWindow } from '../../../src/limits/window.ts';
import { createContext, FakeClock } from '../../support/limits.ts';
import { createRandom } from '../../support/random.ts';

const route = { kind: 'route', name: 'users' } as const;
const compile = (options: object) => compileWindow(rateLimitSchema.parse(options), route, 'users');
const context = createContext({ consumer: 'app' });

/** Lets calls come by a strategy for many windows; the times of those that passed. */
function attack(limit: number, windowMs: number, calls: number, pauseMs: (step: number) => number): number[] {
  const clock = new FakeClock(1_800_000_000_000 + Math.floor(pauseMs(0)));
  const counter = new MemoryCounter(clock);
  const windows = [compile({ limit, window: `${windowMs}ms` })];
  const passedAt: number[] = [];
  for (let step = 0; step < calls; step++) {
    clock.pass(Math.floor(pauseMs(step)));
    if (counter.decide(windows, context, 1).allowed) passedAt.push(clock.nowMs);
  }
  return passedAt;
}

/** The most that any half-open stretch of one window's length holds. */
function fullestWindow(passedAt: readonly number[], windowMs: number): number {
  let fullest = 0;
  let from = 0;
  for (let to = 0; to < passedAt.length; to++) {
    while ((passedAt[to] as number) - (passedAt[from] as number) >= windowMs) from++;
    fullest = Math.max(fullest, to - from + 1);
  }
  return fullest;
}

for (const limit of [1, 5, 100]) {
  test(`no window anywhere holds over 1.1 times a sliding limit of ${limit}, however the calls come`, () => {
    const windowMs = 1000;
    let fullest = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = createRandom(seed * 1000 + limit);
      // Bursts of many calls at one instant, then pauses of up to a part, a window, or just about one of them.
      const scale = [3, 30, 99, 101, 120, 899, 901, 999, 1001, 1100][seed % 10] as number;
      const burst = 1 + Math.floor(random() * limit * 1.5);
      const passedAt = attack(limit, windowMs, 4000, (step) =>
        step % burst === 0 ? random() * scale : random() * 1.2,
      );
      fullest = Math.max(fullest, fullestWindow(passedAt, windowMs));
    }
    assert.ok(fullest <= Math.floor(limit * 1.1), `${fullest} calls in one window`);
    assert.ok(fullest >= limit, 'the attack reached the limit');
  });
}

test('a burst at the very end of a part, followed by the earliest calls that pass, stays within 1.1 times the limit', () => {
  for (const offset of [0, 1, 50, 99]) {
    const passedAt = attack(100, 1000, 20_000, (step) => (step === 0 ? offset : step <= 100 ? 0 : 1));
    assert.ok(fullestWindow(passedAt, 1000) <= 110);
  }
});

test('steady traffic at the limit passes, but for a hundredth', () => {
  const passedAt = attack(100, 10_000, 10_000, () => 100);
  assert.ok(passedAt.length >= 9900, `${passedAt.length} of 10000 passed`);
});

test('steady traffic just below the limit passes whole', () => {
  assert.equal(attack(100, 10_000, 5000, () => 103).length, 5000);
});

test('a sliding window tells exactly when the next call passes', () => {
  const random = createRandom(3);
  const clock = new FakeClock();
  const counter = new MemoryCounter(clock);
  const windows = [compile({ limit: 20, window: '10s' })];
  for (let step = 0; step < 3000; step++) {
    clock.pass(Math.floor(random() * 300));
    const decision = counter.decide(windows, context, 1);
    if (decision.allowed) continue;
    clock.pass(decision.resetSeconds * 1000);
    assert.equal(counter.decide(windows, context, 1).allowed, true);
  }
});

test('a fixed window begins anew on the clock', () => {
  const clock = new FakeClock(1_800_000_000_000);
  const counter = new MemoryCounter(clock);
  const windows = [compile({ limit: 2, window: '10s', algorithm: 'fixed' })];
  clock.pass(9000);
  const statuses = [1, 2, 3].map(() => counter.decide(windows, context, 1));
  assert.deepEqual(
    statuses.map((decision) => decision.allowed),
    [true, true, false],
  );
  assert.equal(statuses[2]?.resetSeconds, 1);
  clock.pass(1000);
  assert.equal(counter.decide(windows, context, 1).allowed, true);
});

test('a token bucket lets pass what limit_req with burst and nodelay does', () => {
  const clock = new FakeClock();
  const counter = new MemoryCounter(clock);
  const windows = [compile({ limit: 10, window: '1s', algorithm: 'token-bucket', burst: 4 })];
  const passedOf = (calls: number) =>
    Array.from({ length: calls }, () => counter.decide(windows, context, 1)).filter((one) => one.allowed).length;
  assert.equal(passedOf(20), 5, 'one and the burst');
  clock.pass(99);
  assert.equal(passedOf(5), 0);
  clock.pass(1);
  assert.equal(passedOf(5), 1, 'one every tenth of a second');
  clock.pass(250);
  assert.equal(passedOf(5), 2);
  clock.pass(60_000);
  assert.equal(passedOf(20), 5, 'never more than the burst is saved up');
});

test('a clock that goes back opens no window', () => {
  const clock = new FakeClock();
  const counter = new MemoryCounter(clock);
  for (const algorithm of ['sliding', 'fixed'] as const) {
    const windows = [compile({ limit: 3, window: '10s', algorithm })];
    for (let call = 0; call < 3; call++) counter.decide(windows, context, 1);
    clock.pass(-60_000);
    assert.equal(counter.decide(windows, context, 1).allowed, false, algorithm);
  }
});

test('a share of a limit is rounded down, but lets somebody through', () => {
  const counter = new MemoryCounter(new FakeClock());
  const windows = [compile({ limit: 10, window: '1m' })];
  const passedOf = (consumer: string, share: number) => {
    const caller = createContext({ consumer });
    return Array.from({ length: 20 }, () => counter.decide(windows, caller, 1, share)).filter((one) => one.allowed)
      .length;
  };
  assert.equal(passedOf('third', 1 / 3), 3);
  assert.equal(passedOf('tiny', 1 / 50), 1);
});
