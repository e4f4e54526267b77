import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MESSAGES } from '../../src/lib/held-bytes.ts';
import { startGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const LIST = {
  jsonrpc: '2.0',
  id: 1,
  result: { tools: [{ name: 'search' }, { name: 'drop' }], nextCursor: 'c2', x: 1 },
};
const SEEN = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'search' }], nextCursor: 'c2', x: 1 } };
const EVENTS = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };

async function start(t: TestContext, answer: (res: ServerResponse) => void, mcp: object = {}) {
  const service = await startService(t, (_req, res) => answer(res));
  const route = { prefix: '/mcp', target: service.url, auth: 'none', mcp: { tools: { search: {} }, ...mcp } };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const list = (method = 'tools/list', headers = {}): Promise<Answer> =>
    ask(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'search' } }),
    });
  return { gateway, service, list };
}

const dataOf = (text: string): unknown[] =>
  [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) => JSON.parse(data) as unknown);

test('a list of JSON is filtered, whole, coded or in a batch; its cursor and all else stay', async (t) => {
  let answer = (res: ServerResponse): unknown => res.writeHead(200, JSON_TYPE).end(JSON.stringify(LIST));
  const { list, service } = await start(t, (res) => answer(res));
  assert.deepEqual((await list()).json, SEEN);
  answer = (res) =>
    res.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(LIST)));
  const coded = await list('tools/list', { 'accept-encoding': 'gzip' });
  assert.deepEqual([coded.json, coded.headers['content-encoding']], [SEEN, undefined]);
  assert.equal(service.requests.at(-1)?.headers['accept-encoding'], 'identity');
  answer = (res) => res.writeHead(200, JSON_TYPE).end(JSON.stringify([{ jsonrpc: '2.0', id: 0, result: {} }, LIST]));
  assert.deepEqual((await list()).json[1], SEEN);
});

test('numbers, names of members and what is no list stay as the service has written them', async (t) => {
  const text =
    '{"jsonrpc":"2.0","id":12345678901234567890,"result":{"__proto__":1,"tools":[{"name":"search","x":1e400},{"name":"drop"},{},7]}}';
  const { list } = await start(t, (res) => res.writeHead(200, JSON_TYPE).end(text));
  const kept =
    '{"jsonrpc":"2.0","id":12345678901234567890,"result":{"__proto__":1,"tools":[{"name":"search","x":1e400}]}}';
  assert.equal((await list()).text, kept);
  // The answer to a call is nobody's list, whatever is in it.
  assert.equal((await list('tools/call')).text, text);
});

test('a list that all may keep becomes one for its reader alone', async (t) => {
  const result = { tools: [{ name: 'search' }], ttlMs: 1000, cacheScope: 'public' };
  const { list } = await start(t, (res) => res.writeHead(200, JSON_TYPE).end(JSON.stringify({ id: 1, result })));
  assert.deepEqual((await list()).json.result, { ...result, cacheScope: 'private' });
});

test('events that come in pieces of any length are filtered, one by one, and all others pass as they came', async (t) => {
  const before = ': hello\n\nid: 1\ndata: {"method":"notifications/progress","params":{"tools":[{"name":"drop"}]}}\n\n';
  const listed = JSON.stringify(LIST);
  const half = listed.indexOf(',"result"') + 1;
  for (const end of ['\n', '\r\n', '\r']) {
    const event = `event: message${end}data: ${listed.slice(0, half)}${end}data:${listed.slice(half)}${end}id: 7${end}${end}`;
    for (const size of [1, 2, 7, 10_000]) {
      const bytes = Buffer.from(before.replaceAll('\n', end) + event);
      const { list } = await start(t, (res) => {
        res.writeHead(200, EVENTS);
        for (let at = 0; at < bytes.length; at += size) res.write(bytes.subarray(at, at + size));
        res.end();
      });
      const { text } = await list();
      assert.ok(text.startsWith(before.replaceAll('\n', end)), JSON.stringify([end, size, text]));
      assert.deepEqual(dataOf(text.replace(/\r\n?/g, '\n')).at(-1), SEEN);
      assert.match(text, /event: message\nid: 7\ndata: /);
    }
  }
});

test('a stream that is listened to is filtered too, while it runs', async (t) => {
  let send: ((text: string) => void) | undefined;
  const { gateway } = await start(t, (res) => {
    res.writeHead(200, EVENTS).flushHeaders();
    send = (text) => res.write(text);
  });
  const controller = new AbortController();
  const answer = await fetch(`${gateway.url}/mcp`, { signal: controller.signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<string> => (await reader?.read())?.value ?? '';
  send?.('event: endpoint\ndata: /messages?id=7\n\n');
  assert.equal(await next(), 'event: endpoint\ndata: /messages?id=7\n\n');
  send?.(`data: ${JSON.stringify(LIST)}\n\n`);
  assert.deepEqual(dataOf(await next()), [SEEN]);
  controller.abort();
});

test('an event or a list without end is not kept, and ends', async (t) => {
  const piece = 'x'.repeat(64 * 1024);
  let isOver = false;
  const pour = (res: ServerResponse, type: object): void => {
    res.writeHead(200, { ...type });
    res.on('close', () => {
      isOver = true;
    });
    const more = (): void => {
      while (!isOver && res.write(piece));
      if (!isOver) res.once('drain', more);
    };
    res.write('data: ');
    more();
  };
  let type: object = EVENTS;
  const { list, gateway } = await start(t, (res) => pour(res, type), { maxList: '256kb' });
  await assert.rejects(list());
  assert.equal((await gateway.line({ code: 'answer_too_large' })).status, 200);
  isOver = false;
  type = JSON_TYPE;
  assert.equal((await list()).json.code, 'answer_too_large');
});

test('what can not be looked through is not shown', async (t) => {
  const text = JSON.stringify(LIST);
  const answers: ((res: ServerResponse) => void)[] = [
    (res) => res.writeHead(200, { 'content-type': 'text/plain' }).end(text),
    (res) => res.writeHead(200).end(text),
    (res) => res.writeHead(200, JSON_TYPE).end(`${text}x`),
    (res) => res.writeHead(200, JSON_TYPE).end(`{"result":${'['.repeat(5000)}${']'.repeat(5000)}}`),
    (res) => res.writeHead(200, { ...EVENTS, 'content-encoding': 'gzip' }).end(gzipSync(`data: ${text}\n\n`)),
    (res) => res.writeHead(206, { ...JSON_TYPE, 'content-range': 'bytes 0-9/100' }).end(text),
    (res) =>
      res.writeHead(206, { ...EVENTS, 'content-range': 'bytes 9-99/100' }).end(`{"result"…\n\ndata: ${text}\n\n`),
  ];
  for (const answer of answers) {
    const { list } = await start(t, answer);
    const { status, text: told } = await list();
    assert.equal(status, 502, told);
    assert.doesNotMatch(told, /drop/);
  }
  const { list } = await start(t, (res) => res.writeHead(200, EVENTS).end(`data: ${text}x\n\n`));
  await assert.rejects(list());
});

test('an event whose end never comes is left out, as a reader would', async (t) => {
  const { list } = await start(t, (res) => res.writeHead(200, EVENTS).end(`: hi\n\ndata: ${JSON.stringify(LIST)}\n`));
  assert.equal((await list()).text, ': hi\n\n');
});

test('a client that leaves in the middle of an event leaves nothing behind', async (t) => {
  const { gateway } = await start(
    t,
    (res) => void res.writeHead(200, EVENTS).write(`: hi\n\ndata: ${'x'.repeat(10_000)}`),
  );
  const controller = new AbortController();
  const answer = await fetch(`${gateway.url}/mcp`, { signal: controller.signal });
  await answer.body?.getReader().read();
  await until(() => MESSAGES.total > 0);
  controller.abort();
  await until(() => MESSAGES.total === 0);
});
