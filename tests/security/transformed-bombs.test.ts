import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { createGzip, gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, startService } from '../support/service.ts';

const MB = 1024 * 1024;

async function start(t: TestContext, handler: StubHandler | undefined, keys: object): Promise<TestGateway> {
  const service = await startService(t, handler, { early: true });
  return startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', retry: false, ...keys }] },
  });
}

/** Writes as much as the reader takes, and stops when it leaves. */
async function pour(res: NodeJS.WritableStream & { destroyed?: boolean }, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'a');
  res.on('error', () => {});
  for (let sent = 0; sent < bytes && res.destroyed !== true; sent += chunk.length) {
    if (res.write(chunk)) continue;
    const moved = new AbortController();
    await Promise.race(['drain', 'close'].map((event) => once(res, event, { signal: moved.signal })));
    moved.abort();
  }
  res.end();
}

test('100 MB of JSON are refused at the limit of the route, whether announced or not', async (t) => {
  let poured = 0;
  const handler: StubHandler = (req, res) => {
    const announced = req.url === '/said' ? { 'content-length': String(100 * MB) } : {};
    res.writeHead(200, { 'content-type': 'application/json', ...announced });
    const write = res.write.bind(res) as (chunk: Buffer) => boolean;
    res.write = ((chunk: Buffer) => {
      poured += chunk.length;
      return write(chunk);
    }) as typeof res.write;
    void pour(res, 100 * MB);
  };
  const gateway = await start(t, handler, { response: { json: { omit: ['a'] }, bodyLimit: '2mb' } });
  for (const path of ['/said', '/unsaid']) {
    const answer = await ask(`${gateway.url}/x${path}`);
    assert.deepEqual([answer.status, answer.json.code], [502, 'answer_too_large'], path);
  }
  assert.ok(poured < 60 * MB, `the service went on to ${poured} bytes`);
});

/** Zeros by the gigabyte: 10 MB that unpack to 10 GB. Members of gzip may follow each other (RFC 1952, section 2.2). */
async function bomb(): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (let i = 0; i < 64; i++) if (!gzip.write(Buffer.alloc(MB, '0'))) await once(gzip, 'drain');
  gzip.end();
  await once(gzip, 'end');
  const member = Buffer.concat(chunks);
  return Buffer.concat(Array.from({ length: 160 }, () => member));
}

test('10 MB of gzip that unpack to 10 GB cost neither time nor memory, in an answer or in a request', async (t) => {
  const bytes = await bomb();
  assert.ok(bytes.length < 11 * MB && bytes.length > 9 * MB, String(bytes.length));
  const handler: StubHandler = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    res.end(bytes);
  };
  const edits = { json: { omit: ['a'] } };
  const gateway = await start(t, handler, {
    bodyLimit: '12mb',
    request: edits,
    response: { ...edits, bodyLimit: '12mb' },
  });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const startedAtMs = performance.now();
  const answer = await ask(`${gateway.url}/x`);
  assert.deepEqual([answer.status, answer.json.code], [502, 'answer_too_large']);
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const upload = await ask(`${gateway.url}/x`, { method: 'POST', headers, body: bytes });
  assert.deepEqual([upload.status, upload.json.code], [413, 'body_too_large']);
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - heapUsed - arrayBuffers;
  assert.ok(grown < 150 * MB, `${grown} bytes`);
  // Unpacking it all takes half a minute.
  assert.ok(performance.now() - startedAtMs < 8_000);
});

const XML = { 'content-type': 'application/xml' };

test('no document of XML makes more of itself, reads files, or nests and grows without end', async (t) => {
  const gateway = await start(t, undefined, { bodyLimit: '2mb', request: { format: 'json' } });
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  const documents = {
    'billion laughs': `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">${laughs}]><a>&l9;</a>`,
    'one large entity, often': `<!DOCTYPE a [<!ENTITY b "${'A'.repeat(50_000)}">]><a>${'&b;'.repeat(50_000)}</a>`,
    'a file': '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>',
    'a URL': '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    'a DTD behind a comment, in small letters': '<!-- <a> --><!doctype a><a/>',
    'a DTD within': '<a><!DOCTYPE b [<!ENTITY c "d">]></a>',
    'an entity that nobody has declared': '<a>&nbsp;</a>',
    'a thousand levels': `${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}`,
  };
  for (const [name, body] of Object.entries(documents)) {
    const answer = await ask(`${gateway.url}/x`, { method: 'POST', headers: XML, body });
    assert.deepEqual([answer.status, answer.json.code], [400, 'bad_body'], name);
    assert.doesNotMatch(answer.text, /root:|passwd/);
  }
  const many = await ask(`${gateway.url}/x`, {
    method: 'POST',
    headers: XML,
    body: `<a>${'<b/>'.repeat(200_000)}</a>`,
  });
  assert.deepEqual([many.status, many.json.code], [413, 'body_too_large']);
});

test('what costs a parser of XML much for few bytes is over soon', async (t) => {
  const gateway = await start(t, undefined, { bodyLimit: '2mb', request: { format: 'json' } });
  const k = 200_000;
  for (const body of [
    `<a>${'&#65;'.repeat(k)}</a>`,
    `<a>${'<!--'.repeat(k)}`,
    `<a>${'<![CDATA['.repeat(k)}`,
    `<a ${"'".repeat(k)}`,
    `<a ${'b '.repeat(k)}/>`,
    `<a b="${' '.repeat(k)}"/>`,
    `<${'a'.repeat(k)}/>`,
    `<a>${'&'.repeat(k)}</a>`,
    `<a>${']]>'.repeat(k)}</a>`,
    `<?${'?'.repeat(k)}`,
  ]) {
    const startedAtMs = performance.now();
    await ask(`${gateway.url}/x`, { method: 'POST', headers: XML, body });
    assert.ok(performance.now() - startedAtMs < 3_000, body.slice(0, 20));
  }
});

test('the answer of a service is no bomb either', async (t) => {
  const handler: StubHandler = (req, res) => {
    res.writeHead(200, XML);
    res.end(req.url === '/dtd' ? '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' : `<a>${'<b/>'.repeat(200_000)}</a>`);
  };
  const gateway = await start(t, handler, { response: { format: 'json' } });
  assert.equal((await ask(`${gateway.url}/x/dtd`)).json.code, 'bad_answer');
  assert.equal((await ask(`${gateway.url}/x/many`)).json.code, 'answer_too_large');
});

test('a small gzip of a large body that is no JSON is not unpacked at all', async (t) => {
  const bytes = gzipSync(Buffer.alloc(64 * MB));
  const handler: StubHandler = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/csv', 'content-encoding': 'gzip' });
    res.end(bytes);
  };
  const gateway = await start(t, handler, { response: { json: { omit: ['a'] } } });
  assert.ok((await ask(`${gateway.url}/x`)).body.equals(bytes));
});

/** Each of these, a little longer, would keep the gateway from all other work for seconds. */
const LONG_XML = {
  'many references': `<a>${'&amp;'.repeat(50_001)}</a>`,
  'many references in an attribute': `<a b="${'&#65;'.repeat(50_001)}"/>`,
  'many elements': `<a>${'<b/>'.repeat(30_000)}</a>`,
  'a long text': `<a>${'x'.repeat(MB)}</a>`,
  'nine megabytes of references': `<a>${'&amp;'.repeat(1_800_000)}</a>`,
};

for (const [name, body] of Object.entries(LONG_XML)) {
  test(`a document with ${name} is refused before it is read, whoever sends it`, async (t) => {
    const handler: StubHandler = (_req, res) => {
      res.writeHead(200, XML);
      res.end(body);
    };
    const edits = { format: 'json' };
    const gateway = await start(t, handler, { request: edits, response: edits });
    const sent = await ask(`${gateway.url}/x`, { method: 'POST', headers: XML, body });
    assert.deepEqual([sent.status, sent.json.code], [413, 'body_too_large']);
    const answered = await ask(`${gateway.url}/x`);
    assert.deepEqual([answered.status, answered.json.code], [502, 'answer_too_large']);
  });
}

test('a document just within the limits is read', async (t) => {
  const gateway = await start(t, undefined, { request: { format: 'json' } });
  for (const body of [
    `<a>${'&amp;'.repeat(50_000)}</a>`,
    `<a>${'<b/>'.repeat(29_999)}</a>`,
    `<a>${'x'.repeat(MB - 7)}</a>`,
  ])
    assert.equal((await ask(`${gateway.url}/x`, { method: 'POST', headers: XML, body })).status, 200);
});
