import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Breaker, breakerSchema, createBreaker } from '../../../src/upstream/breaker.ts';
import { BreakerHold, holdable } from '../../../src/upstream/breaker-hold.ts';

function createHeld(t: TestContext, hold = new BreakerHold()) {
  const changes: string[] = [];
  const breaker = holdable(
    (onChange) => createBreaker('users', breakerSchema.parse({}), onChange),
    hold,
    (state) => changes.push(state),
  );
  t.after(() => breaker.close());
  return { breaker, changes, hold };
}

/** opossum counts in promise callbacks. */
async function fail(breaker: Breaker, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) breaker.begin()?.fail();
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

test('one that is held open lets nobody through, and is found again as it was', async (t) => {
  const { breaker, changes } = createHeld(t);
  await fail(breaker, 2);
  breaker.force('open');
  assert.deepEqual([breaker.state, breaker.isForced, breaker.isAllowing], ['open', true, false]);
  assert.equal(breaker.begin(), undefined);
  assert.equal(breaker.retryAfterSeconds, 10);
  breaker.force('auto');
  assert.deepEqual([breaker.state, breaker.isForced, breaker.isAllowing], ['closed', false, true]);
  assert.equal(breaker.counts.failures, 2);
  assert.deepEqual(changes, ['open', 'closed']);
});

test('closed now, nothing that was counted is held against it', async (t) => {
  const { breaker, changes } = createHeld(t);
  const late = breaker.begin();
  await fail(breaker, 4);
  await fail(breaker, 1);
  assert.equal(breaker.state, 'open');
  breaker.force('closed');
  assert.deepEqual([breaker.state, breaker.isForced], ['closed', false]);
  assert.deepEqual(breaker.counts, { calls: 0, failures: 0 });
  late?.fail();
  await fail(breaker, 4);
  assert.equal(breaker.state, 'closed');
  await fail(breaker, 1);
  assert.equal(breaker.state, 'open');
  assert.deepEqual(changes, ['open', 'closed', 'open']);
});

test('one that has opened by itself stays open when it is given back', async (t) => {
  const { breaker, changes } = createHeld(t);
  await fail(breaker, 5);
  breaker.force('open');
  breaker.force('open');
  breaker.force('auto');
  assert.deepEqual([breaker.state, breaker.isForced], ['open', false]);
  assert.deepEqual(changes, ['open']);
});

test('closed now ends a hold', (t) => {
  const { breaker } = createHeld(t);
  breaker.force('open');
  breaker.force('closed');
  assert.deepEqual([breaker.state, breaker.isForced], ['closed', false]);
});

test('a hold is that of all breakers of the name', (t) => {
  const { breaker, hold } = createHeld(t);
  breaker.force('open');
  const other = createHeld(t, hold);
  assert.deepEqual([other.breaker.state, other.breaker.isForced], ['open', true]);
  assert.deepEqual(other.changes, []);
});

test('it knows since when it is what it is', (t) => {
  const { breaker } = createHeld(t);
  const madeAtMs = breaker.changedAtMs;
  breaker.force('open');
  assert.ok(breaker.changedAtMs >= madeAtMs);
  breaker.force('auto');
  assert.ok(breaker.changedAtMs <= performance.now());
});
