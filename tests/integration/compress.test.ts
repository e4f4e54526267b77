import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import zlib from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { type StubHandler, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const TEXT = JSON.stringify(Array.from({ length: 2000 }, (_, id) => ({ id, name: `user ${id}`, roles: ['reader'] })));
const DECODERS = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync };

const sends =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): StubHandler =>
  (req, res) => {
    res.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  };

async function compressing(t: TestContext, handler: StubHandler, route: object = {}): Promise<TestGateway> {
  const service = await startService(t, handler);
  return startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', compress: true, ...route }] },
  });
}

const accepting = (codings: string, rest: object = {}): { headers: Record<string, string> } => ({
  headers: { 'accept-encoding': codings, ...rest },
});

function decoded({ headers, body }: Answer): string {
  const coding = headers['content-encoding'] as keyof typeof DECODERS | undefined;
  return (coding === undefined ? body : DECODERS[coding](body)).toString();
}

test('an answer comes in the coding that its client accepts, and is the same', async (t) => {
  const gateway = await compressing(t, sends(TEXT, { etag: '"v1"', 'accept-ranges': 'bytes', vary: 'Cookie' }));
  for (const coding of ['gzip', 'br', 'zstd']) {
    const answer = await ask(`${gateway.url}/x`, accepting(coding));
    assert.equal(answer.headers['content-encoding'], coding);
    assert.equal(decoded(answer), TEXT);
    assert.ok(answer.body.length * 5 < TEXT.length);
    const { etag, vary, 'accept-ranges': ranges, 'content-length': length } = answer.headers;
    assert.deepEqual([etag, vary, ranges, length], ['W/"v1"', 'Cookie, Accept-Encoding', undefined, undefined]);
  }
});

test('a client that accepts nothing gets the bytes as they are, with Vary', async (t) => {
  const gateway = await compressing(t, sends(TEXT, { etag: '"v1"' }));
  for (const options of [{}, accepting('identity'), accepting('gzip;q=0')]) {
    const { headers, text } = await ask(`${gateway.url}/x`, options);
    const { etag, vary, 'content-encoding': coding, 'content-length': length } = headers;
    assert.deepEqual([etag, vary, coding, length], ['"v1"', 'Accept-Encoding', undefined, String(TEXT.length)]);
    assert.equal(text, TEXT);
  }
});

test('routes that do not ask for it stay as they are', async (t) => {
  const gateway = await compressing(t, sends(TEXT), { compress: false });
  const { headers, text } = await ask(`${gateway.url}/x`, accepting('gzip'));
  assert.deepEqual([headers['content-encoding'], headers.vary, text], [undefined, undefined, TEXT]);
});

for (const [name, handler] of [
  ['a small answer', sends('{"a":1}')],
  ['a picture', sends(TEXT, { 'content-type': 'image/png' })],
  ['what is coded already', sends(zlib.gzipSync(TEXT), { 'content-encoding': 'gzip' })],
  ['what nobody may transform', sends(TEXT, { 'cache-control': 'public, no-transform' })],
  ['a part', sends(TEXT, { 'content-range': `bytes 0-${TEXT.length - 1}/${TEXT.length}` }, 206)],
] as const) {
  test(`${name} is not compressed`, async (t) => {
    const gateway = await compressing(t, handler);
    const { headers, body } = await ask(`${gateway.url}/x`, accepting('br'));
    assert.notEqual(headers['content-encoding'], 'br');
    assert.equal(headers['content-length'], String(body.length));
  });
}

test('a client that refuses plain content gets small answers compressed too', async (t) => {
  const gateway = await compressing(t, sends('{"a":1}'));
  const answer = await ask(`${gateway.url}/x`, accepting('gzip, identity;q=0'));
  assert.equal(answer.headers['content-encoding'], 'gzip');
  assert.equal(decoded(answer), '{"a":1}');
});

test('a client that forbids transformations gets none', async (t) => {
  const gateway = await compressing(t, sends(TEXT));
  const { headers } = await ask(`${gateway.url}/x`, accepting('gzip', { 'cache-control': 'no-transform' }));
  assert.equal(headers['content-encoding'], undefined);
});

test('HEAD has the head of GET, and 204 has none of it', async (t) => {
  const gateway = await compressing(t, sends(TEXT));
  const { headers, body } = await ask(`${gateway.url}/x`, { method: 'HEAD', ...accepting('gzip') });
  const { 'content-encoding': coding, 'content-length': length, vary } = headers;
  assert.deepEqual([coding, length, vary, body.length], ['gzip', undefined, 'Accept-Encoding', 0]);
  const empty = await compressing(t, (_req, res) => res.writeHead(204, { 'content-type': 'application/json' }).end());
  const none = await ask(`${empty.url}/x`, accepting('gzip'));
  assert.deepEqual([none.status, none.headers['content-encoding']], [204, undefined]);
});

test('a tag that was made weak finds its way back: 304 for who has it, and If-Match holds', async (t) => {
  const seen: (string | undefined)[] = [];
  const gateway = await compressing(t, (req, res) => {
    seen.push(req.headers['if-match']);
    if (req.headers['if-none-match'] === 'W/"v1"') res.writeHead(304, { etag: '"v1"' }).end();
    else sends(TEXT, { etag: '"v1"' })(req, res, undefined as never);
  });
  const { headers } = await ask(`${gateway.url}/x`, accepting('gzip'));
  const again = await ask(`${gateway.url}/x`, accepting('gzip', { 'if-none-match': headers.etag as string }));
  assert.deepEqual([again.status, again.headers.etag, again.headers.vary], [304, 'W/"v1"', 'Accept-Encoding']);
  await ask(`${gateway.url}/x`, { method: 'PUT', ...accepting('gzip', { 'if-match': headers.etag as string }) });
  assert.equal(seen.at(-1), 'W/"v1", "v1"');
});

test('what the gateway answers itself is compressed too, with the edits of the route', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      defaults: { auth: 'none', compress: true },
      routes: [
        {
          prefix: '/fixed',
          respond: { status: 200, body: 'all the same '.repeat(500) },
          response: { headers: { set: { 'x-edited': 'yes' } } },
        },
      ],
    },
  });
  const answer = await ask(`${gateway.url}/fixed`, accepting('br'));
  assert.deepEqual([answer.headers['content-encoding'], answer.headers['x-edited']], ['br', 'yes']);
  assert.equal(decoded(answer), 'all the same '.repeat(500));
  assert.equal((await gateway.line({ path: '/fixed' }))['bytesOut'], answer.body.length);
});

test('events are never compressed, and each arrives at once', async (t) => {
  const gateway = await compressing(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: one\n\n');
  });
  const { headers, read } = await openStream(gateway, 'gzip');
  assert.equal(headers['content-encoding'], undefined);
  await until(() => read().includes('data: one'));
});

test('what a slow answer has sent so far can be decoded before the rest comes', async (t) => {
  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    let more: () => void = () => undefined;
    const gateway = await compressing(t, (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      res.write('{"line":1}\n');
      more = () => res.end('{"line":2}\n');
    });
    const stream = await openStream(gateway, coding);
    assert.equal(stream.headers['content-encoding'], coding);
    await until(() => stream.read() === '{"line":1}\n');
    more();
    await until(() => stream.read() === '{"line":1}\n{"line":2}\n' && stream.ended());
  }
});

/** Opens an answer and decodes what comes of it as it comes. */
async function openStream(gateway: TestGateway, coding: 'gzip' | 'br' | 'zstd') {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = request(`${gateway.url}/stream`, accepting(coding), resolve);
    req.on('error', reject);
    req.end();
  });
  const make = { gzip: zlib.createGunzip, br: zlib.createBrotliDecompress, zstd: zlib.createZstdDecompress }[coding];
  const decoder = res.headers['content-encoding'] === undefined ? res : res.pipe(make());
  let text = '';
  let isEnded = false;
  decoder.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  decoder.on('end', () => {
    isEnded = true;
  });
  return { headers: res.headers, read: () => text, ended: () => isEnded };
}

test('an answer that breaks off does so for its client', async (t) => {
  const service = await startLyingService(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write(`1000\r\n${'a'.repeat(4096)}\r\n`);
    setTimeout(() => socket.destroy(), 100);
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', compress: true }] },
  });
  await assert.rejects(ask(`${gateway.url}/x`, accepting('gzip')), { code: 'ECONNRESET' });
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual([line['code'], line['aborted']], ['upstream_reset', 'upstream']);
});

test('a service is held up by a client that does not read, and let go when that leaves', async (t) => {
  let sent = 0;
  let isClosed = false;
  const noise = Buffer.from(Array.from({ length: 64 * 1024 }, (_, at) => (at * 7919 + (at >> 3) * 104729) % 251));
  const gateway = await compressing(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain' });
    res.on('close', () => {
      isClosed = true;
    });
    const pump = (): void => {
      while (!isClosed && sent < 400) {
        sent += 1;
        // Different each time, so that it stays large.
        const piece = Buffer.from(noise.map((byte, at) => byte ^ ((at * sent * 31) % 256)));
        if (!res.write(piece)) return void res.once('drain', pump);
      }
    };
    pump();
  });
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /x HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
  socket.pause();
  let before = -1;
  await until(
    () => {
      const isStill = sent > 0 && sent === before;
      before = sent;
      return isStill;
    },
    { everyMs: 300 },
  );
  assert.ok(sent < 400, `${sent} pieces were taken`);
  socket.destroy();
  await until(() => isClosed && gateway.gateway.inFlight === 0);
});

test('faults of the option are told with their place', async (t) => {
  const gateway = await compressing(t, sends(TEXT));
  const { faults } = await gateway.reload({
    routes: [{ prefix: '/', target: 'http://localhost:1', compress: { codings: ['deflate'], minSize: 5, typs: [] } }],
  });
  const told = faults.map(({ path, message, hint }) => `${path}: ${message} ${hint ?? ''}`).join('\n');
  assert.match(told, /compress/);
  console.log(told);
});
