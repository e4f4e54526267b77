import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

/** The attack: bytes of which the gateway and the service would each make another request (RFC 9112, section 11). */
interface Setup {
  readonly gateway: TestGateway;
  readonly service: StubService;
}

async function setUp(t: Parameters<typeof startGateway>[0], route: object = {}): Promise<Setup> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', ...route }] },
  });
  return { gateway, service };
}

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

const REFUSED: readonly (readonly [name: string, bytes: string, status: number])[] = [
  [
    'Content-Length and Transfer-Encoding',
    `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'Transfer-Encoding and Content-Length, the other way round',
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'two different Content-Lengths',
    `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    400,
  ],
  ['two equal Content-Lengths', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi', 400],
  ['a list as Content-Length', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nhi', 400],
  ['a signed Content-Length', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nhi', 400],
  ['a hexadecimal Content-Length', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0x2\r\n\r\nhi', 400],
  ['a negative Content-Length', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nhi', 400],
  [
    'chunked that is not last',
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'Transfer-Encoding twice',
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'a space before the colon of Transfer-Encoding',
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  ['a folded field (obs-fold)', 'GET /x HTTP/1.1\r\nHost: a\r\nX-Odd: one\r\n two\r\n\r\n', 400],
  ['a bare LF after a field', 'GET /x HTTP/1.1\r\nHost: a\nX-Odd: 1\r\n\r\n', 400],
  ['a bare CR in a field', 'GET /x HTTP/1.1\r\nHost: a\r\nX-Odd: 1\rX-User-Id: 1\r\n\r\n', 400],
  ['a NUL in a field', 'GET /x HTTP/1.1\r\nHost: a\r\nX-Odd: 1\0\r\n\r\n', 400],
  ['a space in a field name', 'GET /x HTTP/1.1\r\nHost: a\r\nX Odd: 1\r\n\r\n', 400],
  ['two Hosts', 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['no Host', 'GET /x HTTP/1.1\r\n\r\n', 400],
  ['an empty Host', 'GET /x HTTP/1.1\r\nHost: \r\n\r\n', 400],
  ['a Host without a name', 'GET /x HTTP/1.1\r\nHost: :80\r\n\r\n', 400],
  ['an empty Host beside an absolute target', 'GET http://a/x HTTP/1.1\r\nHost:\r\n\r\n', 400],
  [
    'an expectation that is known and one that is not',
    'POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, foo\r\nContent-Length: 2\r\n\r\n',
    400,
  ],
  [
    'an unknown expectation in a line of its own',
    'POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: foo\r\nContent-Length: 2\r\n\r\n',
    400,
  ],
  [
    'an unknown expectation before a known one',
    'POST /x HTTP/1.1\r\nHost: a\r\nExpect: foo\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    400,
  ],
  ['an empty expectation', 'GET /x HTTP/1.1\r\nHost: a\r\nExpect: \r\n\r\n', 400],
  ['a chunk size that is none', 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n', 400],
  [
    'a chunk longer than it says',
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n`,
    400,
  ],
  [
    'chunked of HTTP/1.0',
    'POST /x HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['gzip under chunked', 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501],
  ['HTTP/2.0 as its version', 'GET /x HTTP/2.0\r\nHost: a\r\n\r\n', 400],
  ['HTTP/0.9 as its version', 'GET /x HTTP/0.9\r\nHost: a\r\n\r\n', 400],
  ['RTSP/1.0 as its version', 'OPTIONS /x RTSP/1.0\r\nHost: a\r\n\r\n', 400],
  ['RTSP/1.0 and keep-alive', 'GET /x RTSP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n', 400],
  ['ICE/1.0 as its version', 'SOURCE /x ICE/1.0\r\nHost: a\r\n\r\n', 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a URL with a space', 'GET /x y HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['another protocol version', 'GET /x HTTP/3.0\r\nHost: a\r\n\r\n', 400],
  ['no request at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', 400],
  ['TRACE', 'TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['a URL of 10 KB', `GET /${'x'.repeat(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['a URL of 20 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['20 KB of header fields', `GET /x HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['20 KB of many header fields', `GET /x HTTP/1.1\r\nHost: a\r\n${'X-Odd: 0123456789\r\n'.repeat(1_100)}\r\n`, 431],
];

describe('request framing', { concurrency: 4 }, () => {
  it('a head that drips is cut off with 408', async (t) => {
    const { gateway } = await setUp(t);
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => socket.write('X-Drip: 1\r\n'), 500);
    t.after(() => {
      clearInterval(drip);
      socket.destroy();
    });
    const began = performance.now();
    await once(socket, 'close');
    assert.ok(performance.now() - began < 20_000, 'it lived for 20 s');
    assert.equal(statusOf(received), 408, received);
  });

  for (const [name, bytes, status] of REFUSED) {
    it(`a request with ${name} is ${status}, and nothing after it is taken for a request`, async (t) => {
      const { gateway, service } = await setUp(t);
      const raw = await askRaw(gateway.port, bytes, { timeoutMs: 2_000, halfClose: status === 405 });
      assert.equal(statusOf(raw), status, raw);
      assert.match(raw, /content-type: application\/problem\+json/i);
      assert.equal(raw.match(/^HTTP\/1\.1 /gm)?.length, 1, raw);
      assert.deepEqual(
        service.requests.map(({ path }) => path),
        [],
      );
    });
  }

  it('a refused framing ends the connection', async (t) => {
    const { gateway } = await setUp(t);
    const began = performance.now();
    const raw = await askRaw(gateway.port, 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nhi');
    assert.match(raw, /connection: close/i);
    assert.ok(performance.now() - began < 4_000, 'the connection stayed open');
  });

  it('an HTTP/1.0 client without Host gets its answer and the end of the connection', async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(gateway.port, 'GET /old HTTP/1.0\r\n\r\n');
    assert.equal(statusOf(raw), 200, raw);
    assert.doesNotMatch(raw, /transfer-encoding/i);
    assert.equal(service.requests[0]?.path, '/old');
  });

  it('an absolute-form target is reduced to its path', async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      'GET http://elsewhere.example/a/b?c=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    assert.equal(statusOf(raw), 200, raw);
    assert.equal(service.requests[0]?.path, '/a/b?c=1');
  });

  it('an offer to switch to HTTP/2 is served as the plain request that it also is', async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    );
    assert.equal(statusOf(raw), 200, raw);
    assert.equal(service.requests[0]?.headers['upgrade'], undefined);
    assert.equal(service.requests[0]?.headers['http2-settings'], undefined);
  });

  it('a POST that offers HTTP/2 keeps its body', async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      'POST /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 5\r\n\r\nhello',
    );
    assert.equal(statusOf(raw), 200, raw);
    assert.equal(service.requests[0]?.body.toString(), 'hello');
  });

  it('two requests in one packet are answered in their order', async (t) => {
    const { gateway } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      'POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    const paths = [...raw.matchAll(/"path":"([^"]+)"/g)].map(([, path]) => path);
    assert.deepEqual(paths, ['/first', '/second']);
  });

  it('what looks like a request inside a body stays a body', async (t) => {
    const { gateway, service } = await setUp(t);
    const head = `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n`;
    assert.equal(statusOf(await askRaw(gateway.port, head + SMUGGLED)), 200);
    assert.equal(service.requests.length, 1);
    assert.equal(service.requests[0]?.body.toString(), SMUGGLED);
  });

  it('a refused upload can not leave its body to be taken for the next request', async (t) => {
    const { gateway, service } = await setUp(t, { prefix: '/open' });
    const raw = await askRaw(
      gateway.port,
      `POST /closed HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length + 100}\r\n\r\n${SMUGGLED.replace('/', '/open/')}`,
      { timeoutMs: 3_000 },
    );
    assert.equal(statusOf(raw), 404);
    assert.equal(raw.match(/^HTTP\/1\.1 /gm)?.length, 1, raw);
    assert.equal(service.requests.length, 0);
  });

  it('chunk extensions and trailers do not reach the service', async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTrailer: X-User-Id\r\nTransfer-Encoding: chunked\r\n\r\n2;odd=1\r\nhi\r\n0\r\nX-User-Id: root\r\n\r\n',
    );
    assert.equal(statusOf(raw), 200, raw);
    const [seen] = service.requests;
    assert.equal(seen?.body.toString(), 'hi');
    assert.equal(seen.headers['trailer'], undefined);
    assert.doesNotMatch(seen.rawHeaders.join('\n'), /root/);
  });

  it('the one expectation that is known is understood in every spelling', async (t) => {
    const { gateway, service } = await setUp(t);
    for (const fields of [
      'Expect: 100-Continue',
      'Expect: 100-continue , 100-continue',
      'Expect:100-continue\r\nExpect:100-continue',
    ]) {
      const head = `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\nContent-Length: 2\r\n\r\n`;
      const raw = await askRaw(gateway.port, `${head}hi`);
      assert.match(raw, /^HTTP\/1\.1 200/m, fields);
    }
    assert.equal(service.requests.length, 3);
  });

  it('an expectation that nobody knows is refused', async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      'POST /x HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 2\r\n\r\nhi',
    );
    assert.equal(statusOf(raw), 400, raw);
    assert.equal(service.requests.length, 0);
  });
});
