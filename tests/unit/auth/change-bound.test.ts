import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeBound } from '../../../src/auth/change-bound.ts';
import { GatewayError } from '../../../src/errors.ts';
import { NOW_MS } from '../../support/auth.ts';

const done = () => Promise.resolve('made');
const refused = () => Promise.reject(new GatewayError('insufficient_scope'));

function createBound() {
  let nowMs = NOW_MS;
  const bound = new ChangeBound({ now: () => nowMs });
  const attempt = (by: string, make: () => Promise<unknown>, isRevocation = false) =>
    bound.count({ consumer: 'acme', by, isRevocation }, make).then(String, ({ code }: GatewayError) => code);
  const times = async (count: number, by: string, make: () => Promise<unknown>) => {
    for (let i = 0; i < count; i += 1) await attempt(by, make);
  };
  return { attempt, times, pass: (ms: number) => (nowMs += ms) };
}

test('each key has its twenty changes a minute, with those that are refused', async () => {
  const { attempt, times, pass } = createBound();
  await times(20, 'stolen', refused);
  assert.equal(await attempt('stolen', done), 'rate_limited');
  assert.equal(await attempt('stolen', done, true), 'rate_limited');
  assert.equal(await attempt('owner', done), 'made');
  pass(60_000);
  assert.equal(await attempt('stolen', done), 'made');
});

test('keys that make keys come to an end together, and revoking them goes on', async () => {
  const { attempt, times } = createBound();
  for (let key = 0; key < 5; key += 1) await times(20, `k${key}`, done);
  assert.equal(await attempt('k9', done), 'rate_limited');
  for (let i = 0; i < 30; i += 1) assert.equal(await attempt('k9', done, true), 'made');
});
