import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seen } from '../../../../src/auth/signed/seen.ts';
import { RedisUnavailableError } from '../../../../src/redis/in-flight.ts';
import type { RedisLink } from '../../../../src/redis/link.ts';

function setUp(send?: (...words: unknown[]) => Promise<unknown>) {
  const time = { nowMs: 1_000_000 };
  const warnings: string[] = [];
  const distrusted: string[] = [];
  const redis = send && { isUp: true, prefix: 'p:', send, distrust: (reason: string) => void distrusted.push(reason) };
  const log = { warn: (message: string) => void warnings.push(message) };
  const seen = new Seen({ now: () => time.nowMs }, redis as unknown as RedisLink, log as never);
  return { seen, time, warnings, distrusted };
}

test('a name passes once within its time, and again after it', async () => {
  const { seen, time } = setUp();
  assert.equal(await seen.take('a', 'n', { untilMs: time.nowMs + 1000, withoutRedis: 'local' }), 'first');
  assert.equal(await seen.take('a', 'n', { untilMs: time.nowMs + 1000, withoutRedis: 'local' }), 'again');
  assert.equal(
    await seen.take('b', 'n', { untilMs: time.nowMs + 1000, withoutRedis: 'local' }),
    'first',
    'the names of others are their own',
  );
  time.nowMs += 1001;
  assert.equal(await seen.take('a', 'n', { untilMs: time.nowMs + 1000, withoutRedis: 'local' }), 'first');
});

test('what has expired makes room, whatever its order', async () => {
  const { seen, time } = setUp();
  await seen.take('a', 'long', { untilMs: time.nowMs + 1_000_000, withoutRedis: 'local' });
  for (let i = 0; i < 100; i += 1) await seen.take('a', `n${i}`, { untilMs: time.nowMs + 10, withoutRedis: 'local' });
  assert.equal(seen.size, 101);
  time.nowMs += 11;
  await seen.take('b', 'other', { untilMs: time.nowMs + 10, withoutRedis: 'local' });
  for (let i = 0; i < 100; i += 1)
    assert.equal(await seen.take('a', `n${i}`, { untilMs: time.nowMs + 10, withoutRedis: 'local' }), 'first');
  assert.equal(seen.size, 102);
});

test('who has a quarter of a million within their time gets no more, and others do', async () => {
  const { seen, time } = setUp();
  const untilMs = time.nowMs + 60_000;
  const takes: Promise<string>[] = [];
  for (let i = 0; i < 250_000; i += 1) takes.push(seen.take('a', String(i), { untilMs, withoutRedis: 'local' }));
  assert.ok((await Promise.all(takes)).every((sighting) => sighting === 'first'));
  assert.equal(await seen.take('a', 'one more', { untilMs, withoutRedis: 'local' }), 'full');
  assert.equal(await seen.take('b', 'one more', { untilMs, withoutRedis: 'local' }), 'first');
  time.nowMs = untilMs + 1;
  assert.equal(await seen.take('a', 'one more', { untilMs: time.nowMs + 1, withoutRedis: 'local' }), 'first');
  assert.equal(seen.size, 2);
});

test('Redis decides between gateways, and its silence is told once', async () => {
  const sent: unknown[][] = [];
  let reply: () => Promise<unknown> = async () => 'OK';
  const { seen, time, warnings, distrusted } = setUp((...words) => {
    sent.push(words);
    return reply();
  });
  assert.equal(await seen.take('a', 'n', { untilMs: time.nowMs + 500, withoutRedis: 'local' }), 'first');
  const [command, key, owner, ...terms] = sent[0] ?? [];
  assert.deepEqual([command, key, ...terms], ['SET', 'p:signed:a:n', 'NX', 'PX', 500]);
  assert.match(String(owner), /^[0-9a-f-]{36}:1$/, 'each take is of another owner');
  reply = async () => null;
  assert.equal(await seen.take('a', 'm', { untilMs: time.nowMs + 500, withoutRedis: 'local' }), 'again');
  reply = async () => {
    throw new Error('gone');
  };
  assert.equal(await seen.take('a', 'l', { untilMs: time.nowMs + 500, withoutRedis: 'local' }), 'first');
  assert.equal(await seen.take('a', 'l', { untilMs: time.nowMs + 500, withoutRedis: 'local' }), 'again');
  assert.equal(await seen.take('a', 'k', { untilMs: time.nowMs + 500, withoutRedis: 'refuse' }), 'unknown');
  assert.equal(
    await seen.take('a', 'k', { untilMs: time.nowMs + 500, withoutRedis: 'local' }),
    'first',
    'what was refused was not taken',
  );
  assert.equal(warnings.length, 2);
  reply = async () => 42;
  assert.equal(await seen.take('a', 'j', { untilMs: time.nowMs + 500, withoutRedis: 'refuse' }), 'unknown');
  assert.equal(distrusted.length, 1);
});

test('a name that is given back passes again', async () => {
  const { seen, time } = setUp();
  await seen.take('a', 'n', { untilMs: time.nowMs + 1000, withoutRedis: 'local' });
  seen.forget('a', 'n');
  assert.equal(await seen.take('a', 'n', { untilMs: time.nowMs + 1000, withoutRedis: 'local' }), 'first');
});

test('what is under way has a short lease in Redis, and what came of it is told with its owner', async () => {
  const sent: unknown[][] = [];
  const { seen, time } = setUp(async (...words) => {
    sent.push(words);
    return 'OK';
  });
  const terms = { untilMs: time.nowMs + 3_600_000, withoutRedis: 'local', isProvisional: true } as const;
  await seen.take('a', 'n', terms);
  await seen.take('a', 'm', terms);
  assert.deepEqual(sent[0]?.slice(3), ['NX', 'PX', 4000]);
  seen.keep('a', 'n');
  seen.forget('a', 'm');
  assert.deepEqual(sent[2]?.slice(2), [1, 'p:signed:a:n', sent[0]?.[2], 3_600_000]);
  assert.match(String(sent[3]?.[1]), /DEL/);
  assert.deepEqual(sent[3]?.slice(2, 5), [1, 'p:signed:a:m', sent[1]?.[2]]);
  seen.forget('a', 'm');
  assert.equal(sent.length, 4, 'it is told once');
  seen.close();
});

test('what Redis was not told while it was away it is told later, and a lease is renewed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: unknown[][] = [];
  let isAway = false;
  const { seen, time } = setUp(async (...words) => {
    if (isAway) throw new RedisUnavailableError('Redis does not answer');
    sent.push(words);
    return 'OK';
  });
  const terms = { untilMs: time.nowMs + 3_600_000, withoutRedis: 'local', isProvisional: true } as const;
  await seen.take('a', 'n', terms);
  t.mock.timers.tick(1000);
  assert.deepEqual(sent[1]?.slice(2), [1, 'p:signed:a:n', sent[0]?.[2], 4000], 'renewed');
  isAway = true;
  seen.keep('a', 'n');
  await new Promise(setImmediate);
  isAway = false;
  time.nowMs += 1000;
  t.mock.timers.tick(1000);
  assert.deepEqual(sent[2]?.slice(2), [1, 'p:signed:a:n', sent[0]?.[2], 3_599_000], 'told later');
  assert.equal(sent.length, 3);
  t.mock.timers.tick(10_000);
  assert.equal(sent.length, 3, 'and once');
});
