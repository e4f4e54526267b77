import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claim, Ending } from '../../../src/idempotency/store.ts';
import { Unsent } from '../../../src/idempotency/unsent.ts';

const claim = (id: string): Claim => ({
  id,
  caller: 'c',
  owner: id,
  fingerprint: '',
  ttlMs: 1,
  leaseMs: 1,
  retriesLost: true,
});

test('of answers that have no room it is remembered that there was one', () => {
  const unsent = new Unsent();
  const answer = { status: 200, fields: {}, body: Buffer.alloc(8 * 1024 * 1024 - 1024) };
  for (const id of ['a', 'b', 'c']) unsent.add(claim(id), { state: 'answered', answer });
  const states = [...unsent.takeAll()].map(([, { state }]: [Claim, Ending]) => state);
  assert.deepEqual(states, ['answered', 'answered', 'spent']);
  assert.equal(unsent.size, 0);
});

test('there are never more than ten thousand', () => {
  const unsent = new Unsent();
  for (let n = 0; n < 10_001; n++) unsent.add(claim(`${n}`), { state: 'lost' });
  assert.equal(unsent.size, 10_000);
});
