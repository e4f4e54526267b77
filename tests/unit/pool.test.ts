import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '../../src/lib/steps.ts';
import { holdNew, type Kind, Pool } from '../../src/pool.ts';

/** A pool, and a kind of thing whose closing is noted. */
function createPool() {
  const closed: string[] = [];
  const breakers: Kind<string> = { name: 'breaker', close: (value) => closed.push(value) };
  return { pool: new Pool(), breakers, closed };
}

test('what two snapshots use is one thing, and lives until the last of them lets go', () => {
  const { pool, breakers, closed } = createPool();
  const [before, after] = [pool.lease(), pool.lease()];
  assert.equal(
    before.use(breakers, 'orders', () => 'the first'),
    'the first',
  );
  assert.equal(
    after.use(breakers, 'orders', () => 'another'),
    'the first',
  );
  before.release();
  assert.deepEqual(closed, []);
  after.release();
  assert.deepEqual(closed, ['the first']);
  assert.equal(pool.size, 0);
});

test('a thing that is used twice by one lease is let go of once', () => {
  const { pool, breakers, closed } = createPool();
  const [one, other] = [pool.lease(), pool.lease()];
  for (const lease of [one, one, other]) lease.use(breakers, 'orders', () => 'a');
  one.release();
  one.release();
  assert.deepEqual(closed, []);
  other.release();
  assert.deepEqual(closed, ['a']);
});

test('the same key names different things of different kinds', () => {
  const { pool, breakers } = createPool();
  const limits: Kind<string> = { name: 'limits', close() {} };
  const lease = pool.lease();
  lease.use(breakers, 'orders', () => 'breaker');
  lease.use(limits, 'orders', () => 'limit');
  assert.deepEqual([pool.list(breakers), pool.list(limits)], [['breaker'], ['limit']]);
});

test('one thing can be let go of before the rest, and is made anew when it is wanted again', () => {
  const { pool, breakers, closed } = createPool();
  const lease = pool.lease();
  for (const name of ['a', 'b']) lease.use(breakers, name, () => name);
  lease.drop(breakers, 'a');
  lease.drop(breakers, 'a');
  assert.deepEqual(closed, ['a']);
  assert.equal(
    lease.use(breakers, 'a', () => 'a, anew'),
    'a, anew',
  );
  lease.release();
  assert.deepEqual(closed, ['a', 'b', 'a, anew']);
});

test('letting go of one thing twice takes it from nobody else', () => {
  const { pool, breakers, closed } = createPool();
  const [one, other] = [pool.lease(), pool.lease()];
  for (const lease of [one, other]) lease.use(breakers, 'orders', () => 'a');
  one.drop(breakers, 'orders');
  one.drop(breakers, 'orders');
  assert.deepEqual(closed, []);
});

test('what is held together is closed when the last holder lets go', () => {
  const { pool, breakers, closed } = createPool();
  const route = holdNew(pool.lease(), (lease) => lease.use(breakers, 'orders', () => 'a'));
  route.hold();
  finish(route.letGo());
  assert.deepEqual(closed, []);
  finish(route.letGo());
  assert.deepEqual(closed, ['a']);
});

test('a making that fails leaves nothing behind', () => {
  const { pool, breakers, closed } = createPool();
  const make = () =>
    holdNew(pool.lease(), (lease) => {
      lease.use(breakers, 'orders', () => 'a');
      throw new Error('the second half failed');
    });
  assert.throws(make, /second half/);
  assert.deepEqual([closed, pool.size], [['a'], 0]);
});
