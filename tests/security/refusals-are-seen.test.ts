import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/**
 * The attack: what the parser or the door refuses leaves no trace, so that somebody who tries framing after framing is
 * seen by nobody. Each refusal has its line, its metric, and an ID that its client can name.
 */
interface Refused {
  readonly bytes: string;
  readonly status: number;
  readonly code: string;
  readonly method?: string;
  readonly path?: string;
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'a bad header': {
    bytes: 'GET /open/a?key=1 HTTP/1.1\r\nHost: a\r\nX Odd: 1\r\n\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'GET',
    path: '/open/a?key=***',
  },
  'too many header bytes': {
    bytes: `GET /open/a HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
    status: 431,
    code: 'headers_too_large',
    method: 'GET',
    path: '/open/a',
  },
  'both framings': {
    bytes: 'POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'POST',
    path: '/open/a',
  },
  'two Hosts': {
    bytes: 'GET /open/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'GET',
    path: '/open/a',
  },
  'two Hosts on a preflight': {
    bytes:
      'OPTIONS /open/a HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'OPTIONS',
    path: '/open/a',
  },
  'two Hosts on a handshake': {
    bytes:
      'GET /open/a HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'GET',
    path: '/open/a',
  },
  'no Host': {
    bytes: 'GET /open/a HTTP/1.1\r\n\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'GET',
    path: '/open/a',
  },
  CONNECT: {
    bytes: 'CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n',
    status: 405,
    code: 'method_not_allowed',
    method: 'CONNECT',
    path: 'b.example:443',
  },
  'an unknown Expect': {
    bytes: 'GET /open/a HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n',
    status: 400,
    code: 'bad_request',
    method: 'GET',
    path: '/open/a',
  },
  garbage: { bytes: '\u0016\u0003\u0001 no HTTP\r\n\r\n', status: 400, code: 'bad_framing' },
  'a broken chunk': {
    bytes: 'POST /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    status: 400,
    code: 'bad_framing',
    method: 'POST',
    path: '/open/a',
  },
};

for (const [name, refused] of Object.entries(REFUSED)) {
  test(`${name} is refused with an ID, a line in the log and a metric`, async (t) => {
    const service = await startService(t);
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/open', target: service.url, auth: 'none' }] },
    });
    const raw = await askRaw(gateway.port, refused.bytes);
    assert.equal(statusOf(raw), refused.status, raw);
    assert.match(raw, /^connection: close\r$/im);
    const { requestId, code } = JSON.parse(raw.slice(raw.indexOf('\r\n\r\n')));
    assert.equal(code, refused.code);
    assert.match(requestId, /^[\w-]{36}$/);
    assert.equal(/^x-request-id: (.*)\r$/im.exec(raw)?.[1], requestId);

    const line = await gateway.line({ requestId });
    assert.deepEqual(
      [line.status, line['code'], line['source'], line['clientAddress'], line['method'], line.path],
      [refused.status, refused.code, 'client', '127.0.0.1', refused.method ?? '', refused.path ?? ''],
    );
    await until(() => gateway.accessLines.length > 0);
    assert.equal(gateway.accessLines.length, 1, 'one line each');
    assert.match(
      await gateway.metrics(),
      new RegExp(
        `turnpike_requests_total\\{route="[^"]+",method="\\w+",status="${refused.status}",source="gateway"\\} 1`,
      ),
    );
    assert.equal(gateway.gateway.inFlight, 0);
    assert.equal(service.requests.length, 0);
  });
}

test('a connection that says nothing leaves no line', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  assert.equal(await askRaw(gateway.port, '', { halfClose: true }), '');
  await askRaw(gateway.port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await gateway.line({ path: '/x' });
  assert.equal(gateway.accessLines.length, 1);
});
