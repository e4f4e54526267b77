import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';

async function startOpen(t: TestContext) {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/open', target: service.url, auth: 'none' }] } });
  return { service, gateway };
}

const REFUSED_BYTES: Readonly<Record<string, readonly [number, string]>> = {
  'both Content-Length and Transfer-Encoding': [
    400,
    'POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  'two Content-Length': [400, 'POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  'two Host': [400, 'GET /open HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n'],
  'no Host': [400, 'GET /open HTTP/1.1\r\n\r\n'],
  'a space before the colon': [400, 'GET /open HTTP/1.1\r\nHost : x\r\n\r\n'],
  'a folded header': [400, 'GET /open HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n'],
  'a bare line feed': [400, 'GET /open HTTP/1.1\nHost: x\n\n'],
  'a chunk size that is none': [400, 'POST /open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n'],
  garbage: [400, '\u0016\u0003\u0001 this is no HTTP\r\n\r\n'],
  '20 KB of headers': [431, `GET /open HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
  TRACE: [405, 'TRACE /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  CONNECT: [405, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'],
  'an expectation that nobody knows': [400, 'GET /open HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n'],
};

test('what is no valid request is refused, its connection ends, and no service sees it', async (t) => {
  const { gateway, service } = await startOpen(t);
  for (const [what, [status, bytes]] of Object.entries(REFUSED_BYTES)) {
    const raw = await askRaw(gateway.port, bytes);
    assert.equal(statusOf(raw), status, `${what}: ${raw.slice(0, 200)}`);
    assert.match(raw, /application\/problem\+json/, what);
    assert.match(raw, /connection: close/i, what);
  }
  assert.equal(service.requests.length, 0);
  assert.equal((await ask(`${gateway.url}/open/x`)).status, 200, 'and it lives on');
});

test('an upgrade to h2c is served as the plain request that it also is', async (t) => {
  const { gateway } = await startOpen(t);
  const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  const raw = await askRaw(gateway.port, `GET /open/x HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`, { timeoutMs: 500 });
  assert.equal(statusOf(raw), 200);
});

test('100 Continue is sent to a client whose body will be read, and not to one that is refused', async (t) => {
  const { gateway, service } = await startOpen(t);
  const head = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
  const accepted = await new Promise<string>((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1');
    let received = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (received === '') socket.write('body');
      received += chunk.toString();
    });
    socket.on('close', () => resolve(received));
    socket.write(head('/open/x'));
  });
  assert.equal(statusOf(accepted), 100);
  assert.match(accepted, /HTTP\/1\.1 200/);
  assert.equal(service.requests[0]?.body.toString(), 'body');
  assert.equal(statusOf(await askRaw(gateway.port, head('/nowhere'))), 404);
});

test('a client that leaves early is logged with 499, and its service is let go', async (t) => {
  const service = await startService(t, (_req, res) => void res.on('close', () => undefined));
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/slow', target: service.url, auth: 'none' }] } });
  await askRaw(gateway.port, 'GET /slow/x HTTP/1.1\r\nHost: x\r\n\r\n', { timeoutMs: 200 });
  const line = await gateway.line({ path: '/slow/x' });
  assert.deepEqual([line.status, line['code'], line['aborted']], [499, 'client_closed', 'client']);
});

test('an idle connection is kept for KEEP_ALIVE_TIMEOUT, and clients are told', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] }, env: { KEEP_ALIVE_TIMEOUT: '620s' } });
  assert.equal((await ask(gateway.url)).headers['keep-alive'], 'timeout=620');
});
