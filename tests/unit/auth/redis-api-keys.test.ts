import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../../src/auth/api-key-format.ts';
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

/** A store with one key of one consumer, whose clock and whose Redis the test holds. */
async function createUsedKey() {
  const rawKey = createApiKey();
  const consumer = { name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(rawKey) }] };
  const answers: (() => Promise<unknown>)[] = [];
  const send = (command: string) => (command === 'HGET' ? answers.shift()?.() : Promise.resolve(1));
  const clock = { now: () => nowMs };
  let nowMs = NOW_MS;
  const redis = { isUp: true, prefix: '', send } as unknown as RedisLink;
  const keys = new RedisApiKeys(redis, clock, { warn() {} } as never);
  const check = () => keys.check(rawKey, nowMs);
  const record = () => Promise.resolve(JSON.stringify({ consumer: 'app', id: 'k1' }));
  answers.push(record);
  await check();
  return { keys, answers, check, record, consumer, pass: (ms: number) => (nowMs += ms) };
}

const silent = () => Promise.reject(new Error('no answer'));

test('a revocation that may not have been made holds until Redis says otherwise', async () => {
  const { keys, answers, check, record, consumer } = await createUsedKey();
  keys.learn({ before: consumer, after: { ...consumer, keys: [] }, isDoubtful: true });
  answers.push(silent, record);
  const first = await check();
  assert.ok(first instanceof Refusal && first.code === 'auth_unavailable');
  assert.ok(!((await check()) instanceof Refusal));
});

test('an answer that was on its way while the key was revoked here brings it not back', async () => {
  const { keys, answers, check, record, consumer, pass } = await createUsedKey();
  pass(2000);
  let answer: (() => void) | undefined;
  answers.push(
    () => new Promise((resolve) => (answer = () => resolve(record()))),
    () => Promise.resolve(null),
  );
  const asked = check();
  await Promise.resolve();
  keys.learn({ before: consumer, after: undefined, isDoubtful: false });
  answer?.();
  assert.ok((await asked) instanceof Refusal);
});

test('a change that may not have been made and ends no key takes none out', async () => {
  const { keys, answers, check, consumer, pass } = await createUsedKey();
  keys.learn({ before: consumer, after: { ...consumer, plan: 'gold' }, isDoubtful: true });
  pass(2000);
  answers.push(silent);
  assert.ok(!((await check()) instanceof Refusal));
});
