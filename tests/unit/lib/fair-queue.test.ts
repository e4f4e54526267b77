import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from '../../../src/lib/fair-queue.ts';

const NOW_MS = 1_000_000;

/** A queue with one place, taken; notes who is served, in order. */
function createFull() {
  const queue = new FairQueue({ atOnce: 1 });
  assert.equal(queue.enter('first', false, NOW_MS), true);
  const served: string[] = [];
  const wait = (caller: string, isProven = false, nowMs = NOW_MS) => {
    const entered = queue.enter(caller, isProven, nowMs);
    if (entered instanceof Promise) void entered.then((isServed) => isServed && served.push(caller));
    return entered !== false;
  };
  const serve = async (count: number) => {
    served.length = 0;
    for (let i = 0; i < count; i += 1) {
      queue.leave();
      await Promise.resolve();
    }
    return served.join(' ');
  };
  return { queue, wait, serve };
}

test('callers take turns, however many each has waiting', async () => {
  const { wait, serve } = createFull();
  for (let i = 0; i < 5; i += 1) wait('many');
  wait('one');
  wait('two');
  assert.equal(await serve(7), 'many one two many many many many');
});

test('who has proven itself before goes ahead, and who was refused lately goes last', async () => {
  const { queue, wait, serve } = createFull();
  queue.blame('guesser', NOW_MS);
  for (const caller of ['guesser', 'guesser', 'new', 'known']) wait(caller, caller === 'known');
  assert.equal(await serve(4), 'known new guesser guesser');
});

test('after a minute without a refusal a caller is like any other', async () => {
  const { queue, wait, serve } = createFull();
  queue.blame('mistyped', NOW_MS);
  const laterMs = NOW_MS + 60_000;
  wait('mistyped', false, laterMs);
  wait('new', false, laterMs);
  assert.equal(await serve(2), 'mistyped new');
});

test('nobody is turned away for the many that others have waiting', async () => {
  const { queue, wait, serve } = createFull();
  let turnedAway = 0;
  for (let i = 0; i < 5000; i += 1) turnedAway += Number(!wait('flood'));
  assert.ok(turnedAway > 4000, 'it is bounded');
  for (let i = 0; i < 5000; i += 1) {
    queue.blame(`guesser ${i}`, NOW_MS);
    wait(`guesser ${i}`);
  }
  assert.equal(wait('new'), true);
  assert.equal(await serve(2), 'flood new');
});

test('a place that nobody waits for is free again', async () => {
  const { queue, wait, serve } = createFull();
  wait('one');
  assert.equal(await serve(1), 'one');
  queue.leave();
  assert.equal(queue.enter('two', false, NOW_MS), true);
  assert.ok(queue.enter('three', false, NOW_MS) instanceof Promise);
});

test('what a caller has waiting goes behind all others when it is refused', async () => {
  const { queue, wait, serve } = createFull();
  for (let i = 0; i < 3; i += 1) wait('guesser');
  for (let i = 0; i < 3; i += 1) wait('many');
  queue.blame('guesser', NOW_MS);
  wait('new');
  assert.equal(await serve(7), 'many new many many guesser guesser guesser');
});

test('a caller with nothing waiting has a turn before those who fill all places have a second one', async () => {
  const { queue, wait, serve } = createFull();
  const lost: string[] = [];
  for (let i = 0; i < 36; i += 1) {
    for (let guess = 0; guess < 64; guess += 1) {
      const entered = queue.enter(`guesser ${i}`, false, NOW_MS);
      if (entered instanceof Promise) void entered.then((isServed) => isServed || lost.push(`guesser ${i}`));
    }
  }
  assert.equal(wait('new'), true);
  const served = await serve(37);
  assert.ok(served.split(' ').includes('new'), served);
  assert.ok(lost.length > 0, 'who had the most waiting made room');
});

test('only as many others as there are places keep a caller out', () => {
  const { wait } = createFull();
  for (let i = 0; i < 2048; i += 1) assert.equal(wait(`modest ${i}`), true);
  assert.equal(wait('new'), false);
});
