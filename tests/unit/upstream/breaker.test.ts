import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { breakerSchema, createBreaker, type OwnBreaker } from '../../../src/upstream/breaker.ts';

let changes: string[];
let breaker: OwnBreaker;

// opossum keeps time by timers and by Date: both stand still here.
describe('a breaker', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    changes = [];
    breaker = createBreaker('users', breakerSchema.parse({}), (state) => changes.push(state));
  });

  afterEach(() => {
    breaker.close();
    mock.timers.reset();
  });

  /** opossum counts in promise callbacks. */
  async function settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  async function call(verdict: 'succeed' | 'fail' | 'abandon'): Promise<boolean> {
    const begun = breaker.begin();
    begun?.[verdict]();
    await settle();
    return begun !== undefined;
  }

  test('one that has opened keeps how its calls had failed, through trials, until it closes', async () => {
    const fail = async (outcome: 'refused' | 'headers-timeout'): Promise<void> => {
      breaker.begin()?.fail(outcome);
      await settle();
    };
    for (const outcome of ['refused', 'headers-timeout', 'headers-timeout', 'refused', 'headers-timeout'] as const)
      await fail(outcome);
    assert.equal(breaker.state, 'open');
    const first = breaker.opened;
    assert.deepEqual(Object.entries(first?.outcomes ?? {}), [
      ['headers-timeout', 3],
      ['refused', 2],
    ]);
    mock.timers.tick(10_000);
    assert.equal(breaker.state, 'half-open');
    await fail('refused');
    assert.equal(breaker.opened, first);
    mock.timers.tick(20_000);
    await call('succeed');
    assert.deepEqual([breaker.state, breaker.opened], ['closed', undefined]);
  });

  async function trip(): Promise<void> {
    for (let i = 0; i < 5; i++) await call('fail');
    assert.equal(breaker.state, 'open');
  }

  test('one failure does not open it, five do', async () => {
    await call('fail');
    assert.equal(breaker.state, 'closed');
    for (let i = 0; i < 4; i++) await call('fail');
    assert.equal(breaker.state, 'open');
    assert.equal(await call('succeed'), false);
    assert.ok(breaker.retryAfterSeconds >= 1);
  });

  test('it tells which calls have opened it until it is closed, whatever trials come to', async () => {
    for (let i = 0; i < 3; i++) await call('succeed');
    for (let i = 0; i < 4; i++) await call('fail');
    const { opened } = breaker;
    assert.deepEqual([breaker.state, opened?.calls, opened?.failures], ['open', 7, 4]);
    mock.timers.tick(10_000);
    assert.deepEqual([breaker.state, breaker.opened], ['half-open', opened]);
    await call('fail');
    assert.deepEqual([breaker.state, breaker.opened], ['open', opened]);
    mock.timers.tick(20_000);
    await call('succeed');
    assert.deepEqual([breaker.state, breaker.opened], ['closed', undefined]);
  });

  test('failures of half the calls or less leave it closed', async () => {
    for (let i = 0; i < 20; i++) await call(i % 2 === 0 ? 'succeed' : 'fail');
    assert.equal(breaker.state, 'closed');
  });

  test('forty aborts in a row leave it closed, and do not count as calls', async () => {
    for (let i = 0; i < 40; i++) assert.equal(await call('abandon'), true);
    assert.equal(breaker.state, 'closed');
    assert.equal(breaker.counts.calls, 0);
  });

  test('aborts of calls that began seconds ago leave the rate of the others alone', async () => {
    const polls = Array.from({ length: 80 }, () => breaker.begin());
    mock.timers.tick(5_000);
    // A fifth of the calls fails, while the clients of the long polls leave.
    for (let index = 0; index < 50; index++) await call(index % 5 === 0 ? 'fail' : 'succeed');
    for (const poll of polls) poll?.abandon();
    await settle();
    assert.deepEqual(breaker.counts, { calls: 50, failures: 10 });
    await call('fail');
    assert.equal(breaker.state, 'closed');
  });

  test('an abort of a call that has left the window takes nothing out of it', async () => {
    const poll = breaker.begin();
    mock.timers.tick(15_000);
    for (let index = 0; index < 4; index++) await call('succeed');
    poll?.abandon();
    assert.deepEqual(breaker.counts, { calls: 4, failures: 0 });
  });

  test('after ten seconds one trial is let through, and its success closes it', async () => {
    await trip();
    mock.timers.tick(10_000);
    assert.equal(breaker.state, 'half-open');
    const trial = breaker.begin();
    assert.notEqual(trial, undefined);
    assert.equal(breaker.begin(), undefined);
    trial?.succeed();
    await settle();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, ['open', 'half-open', 'closed']);
  });

  test('a failed trial opens it again for twice as long, up to two minutes', async () => {
    await trip();
    for (const openForMs of [10_000, 20_000, 40_000, 80_000, 120_000, 120_000]) {
      mock.timers.tick(openForMs - 1);
      assert.equal(breaker.state, 'open', `after ${openForMs - 1} ms`);
      mock.timers.tick(1);
      assert.equal(breaker.state, 'half-open', `after ${openForMs} ms`);
      await call('fail');
    }
  });

  test('a success that began before the trip does not close a half-open breaker', async () => {
    const early = breaker.begin();
    await trip();
    mock.timers.tick(10_000);
    early?.succeed();
    await settle();
    assert.equal(breaker.state, 'half-open');
    assert.equal(await call('succeed'), true);
    assert.equal(breaker.state, 'closed');
  });

  test('a failure that began before the trip does not spoil the trial', async () => {
    const early = breaker.begin();
    await trip();
    mock.timers.tick(10_000);
    early?.fail();
    await settle();
    assert.equal(breaker.state, 'half-open');
    assert.equal(breaker.isAllowing, true);
  });

  test('an aborted trial decides nothing and yields to the next within moments, however often', async () => {
    await trip();
    mock.timers.tick(10_000);
    for (let i = 0; i < 10; i++) {
      assert.equal(await call('abandon'), true);
      assert.equal(breaker.state, 'half-open');
      mock.timers.tick(20);
    }
    await call('fail');
    mock.timers.tick(19_999);
    assert.equal(breaker.state, 'open', 'the aborted trials have not doubled the time');
    mock.timers.tick(1);
    assert.equal(breaker.state, 'half-open');
    await call('succeed');
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, ['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  test('after closing, it opens for the short time again', async () => {
    await trip();
    mock.timers.tick(10_000);
    await call('fail');
    mock.timers.tick(20_000);
    await call('succeed');
    mock.timers.tick(10_000);
    await trip();
    mock.timers.tick(10_000);
    assert.equal(breaker.state, 'half-open');
  });
});
