import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, type StubService, startLyingService, startService } from '../support/service.ts';

const BODY = '{"id":12345678901234567890,"secret":1,"items":[{"name":"ä","price":1}]}';
const EDITED = '{"data":{"id":12345678901234567890,"items":[{"name":"ä"}],"total":1}}';
const json = { omit: ['secret', 'items[].price'], set: { total: '${size(response.body.items)}' }, wrap: 'data' };

async function start(
  t: TestContext,
  handler: StubHandler,
  response: object,
): Promise<{ url: string; service: StubService }> {
  const service = await startService(t, handler);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', response }] },
  });
  return { url: `${gateway.url}/x`, service };
}

const answering =
  (status: number, headers: Readonly<Record<string, string>>, body: string | Buffer = BODY): StubHandler =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(body);
  };

test('a client gets the edited body, with its own length, a weak tag, and nothing that was true of the other', async (t) => {
  const digest = `sha-256=:${createHash('sha256').update(BODY).digest('base64')}:`;
  const handler = answering(200, {
    etag: '"v1"',
    'content-digest': digest,
    'accept-ranges': 'bytes',
    'x-other': 'stays',
  });
  const { url } = await start(t, handler, { json });
  const { text, headers } = await ask(url);
  assert.equal(text, EDITED);
  assert.equal(headers['content-length'], String(Buffer.byteLength(EDITED)));
  assert.deepEqual(
    ['etag', 'content-digest', 'accept-ranges', 'x-other', 'content-type'].map((name) => headers[name]),
    ['W/"v1"', undefined, undefined, 'stays', 'application/json'],
  );
});

test('whatever coding an answer has, it is undone', async (t) => {
  const codes = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync, deflate: deflateSync };
  for (const [coding, code] of Object.entries(codes)) {
    const { url } = await start(t, answering(200, { 'content-encoding': coding }, code(BODY)), { json });
    const { text, headers } = await ask(url, { headers: { 'accept-encoding': 'gzip, br, zstd' } });
    assert.deepEqual([text, headers['content-encoding']], [EDITED, undefined], coding);
  }
  const { url } = await start(t, answering(200, { 'content-encoding': 'sdch' }), { json });
  assert.equal((await ask(url)).json.code, 'bad_answer');
});

test('a service is asked for all of it; who has it already is told so', async (t) => {
  const handler: StubHandler = (req, res) => {
    if (req.headers['if-none-match'] === 'W/"v1"') res.writeHead(304, { etag: '"v1"' }).end();
    else answering(200, { etag: '"v1"' })(req, res, {} as never);
  };
  const { url, service } = await start(t, handler, { json });
  const answer = await ask(url, {
    headers: { range: 'bytes=0-5', 'if-range': '"v1"', 'accept-encoding': 'gzip, foo' },
  });
  const seen = service.requests[0]?.headers ?? {};
  assert.deepEqual([answer.status, answer.text], [200, EDITED]);
  assert.deepEqual([seen.range, seen['if-range'], seen['accept-encoding']], [undefined, undefined, 'gzip']);
  const again = await ask(url, { headers: { 'if-none-match': String(answer.headers.etag) } });
  assert.deepEqual([again.status, again.headers.etag, again.body.length], [304, 'W/"v1"', 0]);
});

test('a part that nobody has asked for is never given away unedited', async (t) => {
  const { url } = await start(t, answering(206, { 'content-range': 'bytes 0-9/99' }, '{"secret":'), { json });
  const { status, json: problem } = await ask(url);
  assert.deepEqual([status, problem.code], [502, 'bad_answer']);
});

test('HEAD gets the head of what GET would get, but for what only the body tells', async (t) => {
  const handler: StubHandler = (_req, res) =>
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '71', etag: '"v1"' }).end();
  const { url } = await start(t, handler, {
    json,
    headers: { set: { 'x-status': '${response.status}' } },
  });
  const { headers, body } = await ask(url, { method: 'HEAD' });
  assert.deepEqual(
    [headers['content-length'], headers.etag, headers['x-status'], body.length],
    [undefined, 'W/"v1"', '200', 0],
  );
});

test('what is no JSON streams by untouched, its tag and its coding too', async (t) => {
  const coded = gzipSync('<p>secret</p>');
  for (const type of ['text/html', 'application/json-seq', 'application/x-ndjson', 'image/png']) {
    const headers = { 'content-type': type, etag: '"v1"', 'content-encoding': 'gzip' };
    const { url } = await start(t, answering(200, headers, coded), { json });
    const answer = await ask(url);
    assert.ok(answer.body.equals(coded), type);
    assert.deepEqual([answer.headers.etag, answer.headers['content-encoding']], ['"v1"', 'gzip']);
  }
});

test('where a route says so, answers of other types are refused', async (t) => {
  for (const type of ['text/html', 'text/csv', 'text/event-stream', 'application/xml']) {
    const { url } = await start(t, answering(200, { 'content-type': type }, 'secret'), { json, otherTypes: 'refuse' });
    const { status, text } = await ask(url);
    assert.deepEqual([status, JSON.parse(text).code], [502, 'bad_answer'], type);
    assert.doesNotMatch(text, /secret/);
    assert.equal((await ask(url, { method: 'HEAD' })).status, 200);
  }
  const list = [
    { format: 'json', otherTypes: 'refuse' },
    { json: { wrap: 'data' }, otherTypes: 'refuse' },
  ];
  const xml = await start(t, answering(200, { 'content-type': 'text/xml' }, '<a/>'), list);
  assert.equal((await ask(xml.url)).text, '{"data":{"a":""}}');
  const empty = await start(t, answering(200, { 'content-type': 'text/html', 'content-length': '0' }, ''), {
    json,
    otherTypes: 'refuse',
  });
  assert.equal((await ask(empty.url)).status, 200);
});

test('a client that leaves while its answer is collected ends the call at the service', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { url } = await start(
    t,
    (_req, res) => {
      res.on('close', resolve);
      res.writeHead(200, { 'content-type': 'application/json' }).write('{"a":');
    },
    { json },
  );
  const controller = new AbortController();
  const asked = fetch(url, { signal: controller.signal });
  setTimeout(() => controller.abort(), 100);
  await assert.rejects(asked);
  await promise;
});

test('an event stream is never waited for', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler: StubHandler = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: {"secret":1}\n\n');
    void promise.then(() => res.end());
  };
  const { url } = await start(t, handler, { json, urls: true });
  const answer = await fetch(url);
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  assert.equal(Buffer.from(first?.value ?? []).toString(), 'data: {"secret":1}\n\n');
  resolve();
  await reader?.read();
});

test('an answer that is no JSON although it says so is refused, and none of it passes', async (t) => {
  for (const body of ['{"secret":1', '', '<html>secret</html>', '['.repeat(100) + ']'.repeat(100)]) {
    const { url } = await start(t, answering(200, {}, body), { json });
    const answer = await ask(url);
    assert.deepEqual([answer.status, answer.json.code], [502, 'bad_answer'], body);
    assert.doesNotMatch(answer.text, /secret/);
  }
  const { url } = await start(t, answering(200, {}, `\ufeff${BODY}`), { json });
  assert.equal((await ask(url)).text, EDITED);
});

test('an answer that breaks off is none', async (t) => {
  const service = await startLyingService(t, (socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"secret":1}');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', retry: false, response: { json } }] },
  });
  const answer = await ask(`${gateway.url}/x`);
  assert.deepEqual([answer.status, answer.json.code], [502, 'upstream_reset']);
});

test('a condition on the head decides before the body: what it does not want streams by', async (t) => {
  const handler = answering(404, { etag: '"v1"' }, '{"secret":  1}');
  const { url } = await start(t, handler, { when: 'response.status < 300', json, headers: { set: { 'x-a': '1' } } });
  const { status, text, headers } = await ask(url);
  assert.deepEqual([status, text, headers['x-a'], headers.etag], [404, '{"secret":  1}', undefined, '"v1"']);
});

test('without a condition errors of the service are edited as well, and refusals of the gateway are not', async (t) => {
  const { url } = await start(t, answering(500, {}, '{"secret":1,"a":2}'), { json: { omit: ['secret'] } });
  const { status, text } = await ask(url);
  assert.deepEqual([status, text], [500, '{"a":2}']);
});

test('of a list all that hold are done, in order: conditions may look at the body as it is by then', async (t) => {
  const { url } = await start(t, answering(200, { 'x-kind': 'a' }, '{"kind":"new","n":1}'), [
    {
      when: 'response.headers["x-kind"] == "a"',
      json: { set: { kind: 'edited' } },
      headers: { set: { 'x-kind': 'b' } },
    },
    { when: 'response.body.kind == "new"', json: { set: { wrong: true } } },
    { when: 'response.body.kind == "edited" && response.headers["x-kind"] == "a"', json: { set: { right: true } } },
    { headers: { set: { 'x-n': '${response.body.n + 1.0}' } } },
  ]);
  const { text, headers } = await ask(url);
  assert.equal(text, '{"kind":"edited","n":1,"right":true}');
  assert.deepEqual([headers['x-kind'], headers['x-n']], ['b', '2']);
});

test('an edit of fields that looks at the body leaves body and tag alone, and is left out where there is no JSON', async (t) => {
  const response = { headers: { set: { 'x-id': '${response.body.a}' } } };
  const { url } = await start(t, answering(200, { etag: '"v1"' }, '{"a":  "b"}'), response);
  const { text, headers } = await ask(url);
  assert.deepEqual([text, headers['x-id'], headers.etag], ['{"a":  "b"}', 'b', '"v1"']);
  const html = await start(t, answering(200, { 'content-type': 'text/html' }, '<p>'), response);
  const plain = await ask(html.url);
  assert.deepEqual([plain.status, plain.text, plain.headers['x-id']], [200, '<p>', undefined]);
});

test('fixed answers are edited as those of services are', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/x',
          auth: 'none',
          respond: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"a":1,"b":2}' },
          response: { json: { pick: ['a'] } },
        },
      ],
    },
  });
  const { text, headers } = await ask(`${gateway.url}/x`);
  assert.deepEqual([text, headers['content-length']], ['{"a":1}', '7']);
});

test('a value that has a fault refuses the answer', async (t) => {
  const { url } = await start(t, answering(200, {}), { json: { set: { a: '${response.body.none.x}' } } });
  const { status, json: problem } = await ask(url);
  assert.deepEqual([status, problem.code], [500, 'expression_failed']);
});

test('parts of JSON that nobody asked for do not pass unedited within a multipart, and other parts do', async (t) => {
  const parts = '--a\r\nContent-Type: application/json\r\nContent-Range: bytes 0-9/99\r\n\r\n{"secret":\r\n--a--';
  let type = 'multipart/byteranges; boundary=a';
  const handler: StubHandler = (_req, res) => {
    res.writeHead(206, { 'content-type': type });
    res.end(parts);
  };
  for (const response of [{ json }, { urls: true }, { when: 'response.body.id == 1', headers: { remove: ['x-a'] } }]) {
    const { url } = await start(t, handler, response);
    for (type of ['multipart/byteranges; boundary=a', 'Multipart/ByteRanges;boundary="a"']) {
      const { status, json: problem, text } = await ask(url);
      assert.deepEqual([status, problem.code], [502, 'bad_answer'], JSON.stringify(response));
      assert.doesNotMatch(text, /secret/);
    }
  }
  const unedited = await start(t, handler, { headers: { remove: ['x-a'] } });
  assert.equal((await ask(unedited.url)).text, parts);
  const { url } = await start(t, handler, { json });
  type = 'image/png';
  assert.equal((await ask(url)).status, 206);
});

test('a range that was told of the other body is gone from the edited one', async (t) => {
  const { url } = await start(t, answering(200, { 'content-range': `bytes 0-${BODY.length - 1}/${BODY.length}` }), {
    json,
  });
  const { status, text, headers } = await ask(url);
  assert.deepEqual([status, text, headers['content-range']], [200, EDITED, undefined]);
});
