import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '../../../src/idempotency/memory-store.ts';
import type { Claim, Ending } from '../../../src/idempotency/store.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function createBench(bounds?: ConstructorParameters<typeof MemoryStore>[1]) {
  const clock = { ms: 1_000_000, now: () => clock.ms };
  const store = new MemoryStore(clock, bounds);
  let owners = 0;
  const claim = (id: string, more: Partial<Claim> = {}): Claim => {
    owners += 1;
    const terms = { ttlMs: HOUR_MS, leaseMs: MINUTE_MS, retriesLost: true };
    return { id, caller: 'c', owner: `o${owners}`, fingerprint: 'f', ...terms, ...more };
  };
  /** Begins and ends; what a later claim is told. */
  const end = (id: string, ending: Ending, more: Partial<Claim> = {}): void => {
    const mine = claim(id, more);
    assert.equal(store.begin(mine).state, 'begun');
    store.finish(mine, ending);
  };
  return { clock, store, claim, end };
}

const answered = (body = 'ok'): Ending => ({
  state: 'answered',
  answer: { status: 201, fields: { 'x-a': '1' }, body: Buffer.from(body) },
});

test('a key is used by one request at a time, and its answer is kept for the ttl', () => {
  const { clock, store, claim } = createBench();
  const first = claim('k');
  assert.deepEqual(store.begin(first), { state: 'begun' });
  assert.deepEqual(store.begin(claim('k')), { state: 'running' });
  clock.ms += 100 * HOUR_MS;
  assert.deepEqual(store.begin(claim('k')), { state: 'running' }, 'however long it takes');
  store.finish(first, answered());
  clock.ms += HOUR_MS - 1;
  assert.deepEqual(store.begin(claim('k')), answered());
  assert.deepEqual(store.begin(claim('k', { fingerprint: 'g' })), { state: 'mismatch' });
  clock.ms += 1;
  assert.deepEqual(store.begin(claim('k', { fingerprint: 'g' })), { state: 'begun' });
});

test('what no service has heard of leaves nothing behind', () => {
  const { store, claim, end } = createBench();
  end('k', { state: 'free' });
  assert.equal(store.size, 0);
  assert.deepEqual(store.begin(claim('k', { fingerprint: 'g' })), { state: 'begun' });
});

test('a lost one is closed for the lease, and then one more may run', () => {
  const { clock, store, claim, end } = createBench();
  end('k', { state: 'lost' });
  clock.ms += 1000;
  assert.deepEqual(store.begin(claim('k')), { state: 'lost', againMs: MINUTE_MS - 1000 });
  clock.ms += MINUTE_MS;
  assert.deepEqual(store.begin(claim('k')), { state: 'begun' });
  assert.deepEqual(store.begin(claim('k')), { state: 'running' });
});

test('where nothing lost is tried again it stays lost, and one that was answered without its answer always does', () => {
  const { clock, store, claim, end } = createBench();
  end('lost', { state: 'lost' }, { retriesLost: false });
  end('spent', { state: 'spent' });
  clock.ms += HOUR_MS - 1;
  assert.deepEqual(store.begin(claim('lost', { retriesLost: false })), { state: 'lost', againMs: undefined });
  assert.deepEqual(store.begin(claim('spent')), { state: 'spent' });
});

test('only its owner ends a key, and once', () => {
  const { clock, store, claim } = createBench();
  const first = claim('k');
  store.begin(first);
  store.finish(claim('k'), { state: 'free' });
  assert.equal(store.begin(claim('k')).state, 'running');
  store.finish(first, { state: 'lost' });
  clock.ms += MINUTE_MS;
  assert.equal(store.begin(claim('k')).state, 'begun');
  store.finish(first, answered());
  assert.equal(store.begin(claim('k')).state, 'running', 'who comes late has nothing to say');
});

test('where there is no room for an answer the oldest is given up, and its key stays used', () => {
  const { store, claim, end } = createBench({ maxKeys: 100, maxBytes: 4000 });
  for (const caller of ['a', 'b', 'c', 'd', 'e', 'f']) end(caller, answered('x'.repeat(400)), { caller });
  assert.ok(store.bytes <= 4000);
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => store.begin(claim(id)).state),
    ['spent', 'spent', 'answered', 'answered', 'answered', 'answered'],
  );
});

test('long answers of one caller cost no other one its own', () => {
  const { store, claim, end } = createBench({ maxKeys: 100, maxBytes: 8000 });
  end('theirs', answered('x'.repeat(400)), { caller: 'other' });
  for (let n = 0; n < 20; n++) end(`mine${n}`, answered('x'.repeat(1000)));
  assert.equal(store.begin(claim('theirs')).state, 'answered');
  assert.equal(store.begin(claim('mine19')).state, 'answered');
  assert.equal(store.begin(claim('mine16')).state, 'spent');
});

test('where there is no room for a key a new one is refused, until one has been kept for an hour', () => {
  const { clock, store, claim, end } = createBench({ maxKeys: 4, maxBytes: 40_000 });
  for (const id of ['a', 'b', 'c', 'd']) {
    end(id, answered(), { caller: id, ttlMs: 24 * HOUR_MS });
    clock.ms += 1000;
  }
  assert.equal(store.begin(claim('e', { caller: 'e' })).state, 'closed');
  assert.equal(store.begin(claim('a')).state, 'answered');
  clock.ms += HOUR_MS - 4000;
  assert.equal(store.begin(claim('e', { caller: 'e' })).state, 'begun');
  assert.equal(store.begin(claim('b')).state, 'answered', 'the oldest made room, and no other');
  assert.equal(store.begin(claim('f', { caller: 'f' })).state, 'closed');
  assert.equal(store.size, 4);
});

test('what is under way is never forgotten for another', () => {
  const { clock, store, claim } = createBench({ maxKeys: 2, maxBytes: 40_000 });
  store.begin(claim('a'));
  store.begin(claim('b', { caller: 'other' }));
  clock.ms += 100 * HOUR_MS;
  assert.equal(store.begin(claim('c')).state, 'closed');
  assert.equal(store.begin(claim('a')).state, 'running');
});

test('many keys of one caller leave room for others', () => {
  const { clock, store, claim, end } = createBench({ maxKeys: 8, maxBytes: 40_000 });
  for (const id of ['a', 'b', 'c', 'd']) end(id, answered());
  assert.equal(store.begin(claim('e')).state, 'closed');
  assert.equal(store.begin(claim('e', { caller: 'other' })).state, 'begun');
  clock.ms += HOUR_MS;
  assert.equal(store.begin(claim('f')).state, 'begun');
});

test('a thousand short-lived keys take no room for long', () => {
  const { clock, store, end } = createBench();
  for (let n = 0; n < 1000; n++) {
    end(`k${n}`, answered(), { ttlMs: 1000 });
    clock.ms += 200;
  }
  assert.ok(store.size < 200, `${store.size}`);
});
