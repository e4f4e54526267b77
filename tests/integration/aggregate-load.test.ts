import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { MESSAGES } from '../../src/lib/held-bytes.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { watchLoop } from '../support/watch-loop.ts';

const OPEN = { auth: 'none' } as const;
const PARTS = 10;
const CALLS = 8;

/** A gateway whose whole has ten parts, each a list of very many objects; answers are held until `release`. */
async function start(t: TestContext) {
  const list = Buffer.from(`[${Array.from({ length: 120_000 }, (_, i) => `{"a":${i % 10}}`).join(',')}]`);
  const held: (() => void)[] = [];
  const service = await startService(t, (_req, res) => {
    held.push(() => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': list.length });
      res.end(list);
    });
  });
  const part = { route: '/list', pick: ['a'], maxSize: '1mb' };
  const aggregate = Object.fromEntries(Array.from({ length: PARTS }, (_, i) => [`p${i}`, part]));
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/whole', aggregate, ...OPEN },
        { prefix: '/list', target: service.url, ...OPEN },
      ],
    },
  });
  const release = (): void => {
    for (const answer of held) answer();
  };
  return { gateway, release, held };
}

test('many large parts are read one after the other, and others are served in between', async (t) => {
  const { gateway, held, release } = await start(t);
  const answers = Promise.all(Array.from({ length: CALLS }, () => ask(`${gateway.url}/whole`, { timeoutMs: 60_000 })));
  await until(() => held.length === CALLS * PARTS);
  const stop = watchLoop(t);
  release();
  const wholes = await answers;
  const longestMs = stop();
  t.diagnostic(`at most ${longestMs.toFixed(1)} ms of work in one go`);
  for (const { status, body } of wholes) assert.deepEqual([status, body.length > PARTS * 900_000], [200, true]);
  assert.ok(longestMs < 400, `${longestMs} ms of work in one go`);
  assert.equal(MESSAGES.total, 0);
});

test('whoever has left costs nothing more, and keeps nothing', async (t) => {
  const { gateway, held, release } = await start(t);
  const calls: ClientRequest[] = Array.from({ length: CALLS }, () => {
    const call = request(`${gateway.url}/whole`, { agent: false });
    call.on('error', () => undefined);
    call.end();
    return call;
  });
  await until(() => held.length === CALLS * PARTS);
  release();
  await until(() => MESSAGES.total > 0);
  for (const call of calls) call.destroy();
  await until(() => gateway.gateway.inFlight === 0);
  assert.equal(MESSAGES.total, 0);
});

test('where too much is held already the whole is refused, and says when to come back', async (t) => {
  const { gateway, held, release } = await start(t);
  const room = 256 * 1024 * 1024;
  assert.ok(MESSAGES.take('127.0.0.1', room));
  t.after(() => MESSAGES.give('127.0.0.1', room));
  const answer = ask(`${gateway.url}/whole`);
  await until(() => held.length === PARTS);
  release();
  const { status, headers, json } = await answer;
  assert.deepEqual([status, json.code, headers['retry-after']], [503, 'overloaded', '1']);
  await until(() => MESSAGES.total === room);
});
