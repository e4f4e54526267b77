import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seen } from '../../../../src/auth/signed/seen.ts';
import type { RedisLink } from '../../../../src/redis/link.ts';

function setUp(send?: (...words: unknown[]) => Promise<unknown>) {
  const time = { nowMs: 1_000_000 };
  const warnings: string[] = [];
  const distrusted: string[] = [];
  const redis = send && { prefix: 'p:', send, distrust: (reason: string) => void distrusted.push(reason) };
  const log = { warn: (message: string) => void warnings.push(message) };
  const seen = new Seen({ now: () => time.nowMs }, redis as unknown as RedisLink, log as never);
  return { seen, time, warnings, distrusted };
}

test('a name passes once within its time, and again after it', async () => {
  const { seen, time } = setUp();
  assert.equal(await seen.take('a', 'n', time.nowMs + 1000, 'local'), 'first');
  assert.equal(await seen.take('a', 'n', time.nowMs + 1000, 'local'), 'again');
  assert.equal(await seen.take('b', 'n', time.nowMs + 1000, 'local'), 'first', 'the names of others are their own');
  time.nowMs += 1001;
  assert.equal(await seen.take('a', 'n', time.nowMs + 1000, 'local'), 'first');
});

test('what has expired makes room, whatever its order', async () => {
  const { seen, time } = setUp();
  await seen.take('a', 'long', time.nowMs + 1_000_000, 'local');
  for (let i = 0; i < 100; i += 1) await seen.take('a', `n${i}`, time.nowMs + 10, 'local');
  assert.equal(seen.size, 101);
  time.nowMs += 11;
  await seen.take('b', 'other', time.nowMs + 10, 'local');
  for (let i = 0; i < 100; i += 1) assert.equal(await seen.take('a', `n${i}`, time.nowMs + 10, 'local'), 'first');
  assert.equal(seen.size, 102);
});

test('who has a quarter of a million within their time gets no more, and others do', async () => {
  const { seen, time } = setUp();
  const untilMs = time.nowMs + 60_000;
  const takes: Promise<string>[] = [];
  for (let i = 0; i < 250_000; i += 1) takes.push(seen.take('a', String(i), untilMs, 'local'));
  assert.ok((await Promise.all(takes)).every((sighting) => sighting === 'first'));
  assert.equal(await seen.take('a', 'one more', untilMs, 'local'), 'full');
  assert.equal(await seen.take('b', 'one more', untilMs, 'local'), 'first');
  time.nowMs = untilMs + 1;
  assert.equal(await seen.take('a', 'one more', time.nowMs + 1, 'local'), 'first');
  assert.equal(seen.size, 2);
});

test('Redis decides between gateways, and its silence is told once', async () => {
  const sent: unknown[][] = [];
  let reply: () => Promise<unknown> = async () => 'OK';
  const { seen, time, warnings, distrusted } = setUp((...words) => {
    sent.push(words);
    return reply();
  });
  assert.equal(await seen.take('a', 'n', time.nowMs + 500, 'local'), 'first');
  assert.deepEqual(sent[0], ['SET', 'p:signed:a:n', '1', 'NX', 'PX', 500]);
  reply = async () => null;
  assert.equal(await seen.take('a', 'm', time.nowMs + 500, 'local'), 'again');
  reply = async () => {
    throw new Error('gone');
  };
  assert.equal(await seen.take('a', 'l', time.nowMs + 500, 'local'), 'first');
  assert.equal(await seen.take('a', 'l', time.nowMs + 500, 'local'), 'again');
  assert.equal(await seen.take('a', 'k', time.nowMs + 500, 'refuse'), 'unknown');
  assert.equal(await seen.take('a', 'k', time.nowMs + 500, 'local'), 'first', 'what was refused was not taken');
  assert.equal(warnings.length, 2);
  reply = async () => 42;
  assert.equal(await seen.take('a', 'j', time.nowMs + 500, 'refuse'), 'unknown');
  assert.equal(distrusted.length, 1);
});

test('a name that is given back passes again', async () => {
  const { seen, time } = setUp();
  await seen.take('a', 'n', time.nowMs + 1000, 'local');
  seen.forget('a', 'n');
  assert.equal(await seen.take('a', 'n', time.nowMs + 1000, 'local'), 'first');
});
