import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSideWork, finish, inSlices, type Steps } from '../../../src/lib/steps.ts';

function* count(to: number, done: number[]): Steps<void> {
  for (let i = 1; i <= to; i++) {
    done.push(i);
    yield;
  }
}

function* sum(to: number): Steps<number> {
  const done: number[] = [];
  yield* count(to, done);
  return done.reduce((a, b) => a + b, 0);
}

/** Steps of some milliseconds each. */
function* work(steps: number): Steps<void> {
  for (let i = 0; i < steps; i++) {
    const untilMs = performance.now() + 3;
    while (performance.now() < untilMs);
    yield;
  }
}

test('work is done in one go, or in slices, with the same result', async () => {
  assert.equal(finish(sum(3)), 6);
  assert.equal(await inSlices(sum(3)), 6);
});

test('others have their turn between slices', async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await inSlices(work(20));
  isOver = true;
  assert.ok(turns >= 8, `${turns}`);
});

test('what is thrown is thrown to whoever waits', async () => {
  function* failing(): Steps<void> {
    yield;
    throw new Error('no');
  }
  await assert.rejects(inSlices(failing()), /^Error: no$/);
});

test('work that is given up frees what it holds', async () => {
  const control = new AbortController();
  let isFreed = false;
  function* holding(): Steps<void> {
    try {
      yield* work(1_000);
    } finally {
      isFreed = true;
    }
  }
  const result = inSlices(holding(), control.signal);
  setImmediate(() => control.abort(new Error('enough')));
  await assert.rejects(result, /^Error: enough$/);
  assert.equal(isFreed, true);
});

test('side work is finished when it is closed, and what comes later at once', () => {
  const side = createSideWork();
  const first: number[] = [];
  const late: number[] = [];
  side.run(count(3, first));
  assert.deepEqual(first, []);
  side.close();
  assert.deepEqual(first, [1, 2, 3]);
  side.run(count(2, late));
  assert.deepEqual(late, [1, 2]);
});

test('a step that yields a promise waits until that is settled, whatever comes of it', async () => {
  const seen: string[] = [];
  function* work(): Steps<string> {
    yield Promise.resolve().then(() => void seen.push('waited'));
    seen.push('went on');
    yield Promise.reject(new Error('for whoever made it'));
    return 'done';
  }
  assert.equal(await inSlices(work()), 'done');
  assert.deepEqual(seen, ['waited', 'went on']);
});

test('what has to wait can not be finished at once, and frees what it holds', () => {
  let isFree = false;
  function* work(): Steps<void> {
    try {
      yield Promise.resolve();
    } finally {
      isFree = true;
    }
  }
  assert.throws(() => finish(work()), /has to wait/);
  assert.ok(isFree);
});
