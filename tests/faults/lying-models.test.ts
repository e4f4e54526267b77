import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { call, chat, leftOf, startBefore } from '../support/model.ts';
import { type Lie, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const LIMIT = 100_000;
const file = { plans: { free: { rateLimits: [{ limit: LIMIT, window: '1d', cost: 'tokens', name: 'day' }] } } };
const json = (value: unknown): string => JSON.stringify(value);
const event = (value: unknown): string => `data: ${typeof value === 'string' ? value : json(value)}\n\n`;
const delta = (content: string) => ({ choices: [{ delta: { content } }] });

test('an answer whose usage makes no sense counts as estimated, and no more than was reserved', async (t) => {
  let usage: unknown;
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(json({ choices: [{ message: { content: 'word '.repeat(40) } }], usage }));
  });
  const gateway = await startBefore(t, { target: service.url, file });
  const bad = [
    undefined,
    null,
    -5,
    '7',
    [],
    {},
    { prompt_tokens: -1, completion_tokens: 1e308 },
    { prompt_tokens: '5' },
  ];
  for (usage of bad) {
    const before = await leftOf(gateway, 'day');
    assert.equal((await call(gateway, chat('one two', { max_tokens: 30 }))).status, 200);
    const charged = before - (await leftOf(gateway, 'day'));
    assert.ok(charged > 30 && charged < 60, `${json(usage)} was charged ${charged}`);
  }
});

test('more than was reserved is booked: the next call meets it', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(json({ usage: { prompt_tokens: 10, completion_tokens: LIMIT } }));
  });
  const gateway = await startBefore(t, { target: service.url, file });
  assert.equal((await call(gateway, chat('one', { max_tokens: 30 }))).status, 200);
  assert.equal(await leftOf(gateway, 'day'), 0);
  assert.equal((await call(gateway, chat('one', { max_tokens: 30 }))).status, 429);
});

test('a stream that is cut anywhere reaches the client whole but for what is taken out', async (t) => {
  const usage = { prompt_tokens: 4, completion_tokens: 2 };
  const stream = `: hi\r\n\r\n${event({ ...delta('a'), usage: null })}${event({ choices: [], usage })}${event('[DONE]')}`;
  const expected = `: hi\r\n\r\n${event(delta('a'))}${event('[DONE]')}`;
  let size = 1;
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const next = (): void => {
      const piece = pieces.shift();
      if (piece === undefined) res.end();
      else res.write(piece, () => setImmediate(next));
    };
    next();
  });
  const gateway = await startBefore(t, { target: service.url, file });
  for (size of [1, 2, 3, 5, 7, 11, 64, 1000]) {
    const before = await leftOf(gateway, 'day');
    assert.equal((await call(gateway, chat('one', { stream: true }))).text, expected);
    assert.equal(before - (await leftOf(gateway, 'day')), 6);
  }
});

test('an event of megabytes without an end streams by', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(`data: ${'x'.repeat(5_000_000)}`);
    res.end('\n\ndata: [DONE]\n\n');
  });
  const gateway = await startBefore(t, { target: service.url, file });
  const answer = await call(gateway, chat('one', { stream: true, max_tokens: 100 }));
  assert.equal(answer.body.length, 5_000_006 + 16);
});

test('a stream that breaks off in the middle breaks off for the client, and counts what was streamed', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(event(delta('one')) + event(delta('two')), () => setTimeout(() => res.destroy(), 20));
  });
  const gateway = await startBefore(t, { target: service.url, file });
  await assert.rejects(call(gateway, chat('one', { stream: true, max_tokens: 5000 })));
  const line = await gateway.line({ route: 'models' });
  assert.deepEqual([line['tokensOut'], line['tokens']], [2, 'estimated']);
  const charged = 2 + Number(line['tokensIn']);
  await until(async () => (await leftOf(gateway, 'day')) === LIMIT - charged);
});

test('an answer that is coded although nobody asked for that is read, and reaches the client plain', async (t) => {
  const usage = { prompt_tokens: 4, completion_tokens: 2 };
  let stream = false;
  const service = await startService(t, (_req, res, { headers }) => {
    assert.equal(headers['accept-encoding'], 'identity');
    const plain = stream ? event(delta('a')) + event({ choices: [], usage }) : json({ usage });
    const type = stream ? 'text/event-stream' : 'application/json';
    res.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip', etag: '"v1"' });
    res.end(gzipSync(plain));
  });
  const gateway = await startBefore(t, { target: service.url, file });
  for (stream of [false, true]) {
    const before = await leftOf(gateway, 'day');
    const answer = await call(gateway, chat('one', { stream }));
    assert.equal(answer.headers['content-encoding'], undefined);
    assert.equal(answer.text, stream ? event(delta('a')) : json({ usage }));
    assert.equal(before - (await leftOf(gateway, 'day')), 6);
  }
});

test('a coding that is none breaks the answer off, and nothing stays reserved', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    res.end('{"this":"is no gzip"}');
  });
  const gateway = await startBefore(t, { target: service.url, file });
  const outcome = await call(gateway, chat('one', { max_tokens: 5000 })).catch((error: Error) => error);
  assert.ok(outcome instanceof Error || outcome.status === 502);
  await until(async () => (await leftOf(gateway, 'day')) > LIMIT - 100);
});

test('a head that lies about its length costs no more than was reserved', async (t) => {
  const lies: readonly Lie[] = [
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"usage":{"prompt_tokens":1}}',
  ];
  const service = await startLyingService(t, lies);
  const gateway = await startBefore(t, { target: service.url, file });
  await call(gateway, chat('one', { max_tokens: 100 })).catch(() => undefined);
  await until(async () => (await leftOf(gateway, 'day')) >= LIMIT - 120);
});
