import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settledWithin } from '../../../src/lib/settled-within.ts';

test('a promise that settles in time is told so, whichever way it went', async () => {
  assert.equal(await settledWithin(Promise.resolve(1), 60_000), true);
  await assert.rejects(settledWithin(Promise.reject(new Error('no')), 60_000), /no/);
});

test('a promise that never settles is waited for no longer than asked', async () => {
  assert.equal(await settledWithin(new Promise(() => undefined), 5), false);
});
