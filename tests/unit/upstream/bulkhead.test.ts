import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Bulkhead } from '../../../src/upstream/bulkhead.ts';

describe('the places at a service', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  /** A bulkhead with all of its places taken, and a way to wait at it that notes how that ended. */
  function createFull({ inFlight = 1, queue = 2, wait = 1_000 } = {}) {
    const bulkhead = new Bulkhead({ inFlight, queue, wait });
    for (let place = 0; place < inFlight; place++) assert.ok(bulkhead.enter());
    const ended: string[] = [];
    const wait1 = (name: string) =>
      bulkhead.wait((hasPlace) => ended.push(`${name} ${hasPlace ? 'has a place' : 'is out of time'}`));
    return { bulkhead, ended, wait: wait1 };
  }

  test('so many calls enter at once, and the next one when a place is free', () => {
    const { bulkhead } = createFull({ inFlight: 3 });
    assert.equal(bulkhead.enter(), false);
    bulkhead.leave();
    assert.equal(bulkhead.enter(), true);
    assert.equal(bulkhead.enter(), false);
    assert.equal(bulkhead.inFlight, 3);
  });

  test('a place goes to whoever has waited longest', () => {
    const { bulkhead, ended, wait } = createFull();
    wait('first');
    wait('second');
    bulkhead.leave();
    assert.deepEqual(ended, ['first has a place']);
    assert.equal(bulkhead.enter(), false, 'nobody overtakes those who wait');
    bulkhead.leave();
    bulkhead.leave();
    assert.deepEqual(ended, ['first has a place', 'second has a place']);
    assert.equal(bulkhead.inFlight, 0);
  });

  test('where too many wait, the next one is not even queued', () => {
    const { bulkhead, ended, wait } = createFull({ queue: 1 });
    assert.notEqual(wait('first'), undefined);
    assert.equal(wait('second'), undefined);
    mock.timers.tick(1_000);
    assert.deepEqual(ended, ['first is out of time']);
    assert.equal(bulkhead.waiting, 0);
  });

  test('whoever has waited long enough is told once, and gets no place afterwards', () => {
    const { bulkhead, ended, wait } = createFull();
    wait('first');
    mock.timers.tick(999);
    assert.deepEqual(ended, []);
    mock.timers.tick(1);
    bulkhead.leave();
    mock.timers.tick(10_000);
    assert.deepEqual(ended, ['first is out of time']);
    assert.equal(bulkhead.inFlight, 0, 'the place is free');
  });

  test('the place of a client that has left goes to the next', () => {
    const { bulkhead, ended, wait } = createFull();
    const first = wait('first');
    wait('second');
    first?.close();
    bulkhead.leave();
    mock.timers.tick(10_000);
    assert.deepEqual(ended, ['second has a place']);
  });
});
