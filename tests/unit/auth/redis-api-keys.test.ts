import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey } from '../../../src/auth/api-key-format.ts';
import { Refusal } from '../../../src/auth/identity.ts';
import { RedisApiKeys } from '../../../src/auth/redis-api-keys.ts';
import type { RedisLink } from '../../../src/redis/link.ts';
import { createRequest, NOW_MS } from '../../support/auth.ts';

/** A Redis that answers when the test says so. */
function createRedis() {
  const waiting: (() => void)[] = [];
  const record = JSON.stringify({ consumer: 'app', id: 'k1' });
  const send = (command: string) =>
    command === 'HGET' ? new Promise((resolve) => waiting.push(() => resolve(record))) : Promise.resolve(1);
  return { redis: { isUp: true, prefix: '', send } as unknown as RedisLink, waiting };
}

test('keys that are made up by the thousand keep no good one out', async (t) => {
  const { redis, waiting } = createRedis();
  const keys = new RedisApiKeys(redis, { now: () => NOW_MS }, { warn() {} } as never);
  const flood = createRequest({ clientAddress: '192.0.2.1' });
  const others = Array.from({ length: 1100 }, () => keys.check(createApiKey(), NOW_MS, flood));
  const good = keys.check(createApiKey(), NOW_MS, createRequest({ clientAddress: '198.51.100.7' }));
  const answering = setInterval(() => waiting.splice(0, 50).forEach((answer) => void answer()), 1);
  t.after(() => clearInterval(answering));
  const outcome = await good;
  assert.ok(!(outcome instanceof Refusal), 'it was asked about');
  assert.equal(outcome.consumer?.name, 'app');
  await Promise.all(others);
});

test('an answer that says nothing about a key makes no key unknown', async () => {
  const redis = { isUp: true, prefix: '', send: () => Promise.resolve(1) } as unknown as RedisLink;
  const keys = new RedisApiKeys(redis, { now: () => NOW_MS }, { warn() {} } as never);
  const outcome = await keys.check(createApiKey(), NOW_MS, createRequest({ clientAddress: '192.0.2.1' }));
  assert.ok(outcome instanceof Refusal);
  assert.equal(outcome.code, 'auth_unavailable');
});

test('what Redis forbids is told once, not with every request', async () => {
  const redis = { isUp: true, prefix: '', send: () => Promise.reject(new Error('NOPERM')) } as unknown as RedisLink;
  const told: string[] = [];
  const keys = new RedisApiKeys(redis, { now: () => NOW_MS }, {
    warn: (message: string) => told.push(message),
  } as never);
  for (let call = 0; call < 20; call += 1) await keys.check(createApiKey(), NOW_MS);
  assert.deepEqual(told, ['a consumer could not be read from Redis']);
});
