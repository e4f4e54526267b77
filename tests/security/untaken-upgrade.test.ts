import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { askRaw } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

/**
 * The attack: a request hides behind an upgrade that nobody takes. Node throws the rest of that packet away (26.10), so
 * that half a request is lost, and what was its body is read as the next request.
 */
const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;
const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const HALF_POST = 'POST /api/post HTTP/1.1\r\nHost: a.example\r\nContent-Length: 60\r\n\r\n';

async function setUp(t: TestContext) {
  const held: (() => void)[] = [];
  const service = await startService(t, (_req, res, { path }) => {
    if (path === '/slow') held.push(() => res.end('slow'));
    else res.end('quick');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api', target: service.url, auth: 'none', websocket: true }] },
  });
  return { service, gateway, held };
}

/** The statuses that came. */
const statuses = (raw: string): string[] => raw.match(/HTTP\/1\.1 \d{3}/g) ?? [];

for (const [name, first] of [
  ['GET', get('/api/first', H2C)],
  ['POST', get('/api/first', `${H2C}Content-Length: 5\r\n`).replace('GET', 'POST').concat('hello')],
  ['refused GET', get('/none', H2C)],
] as const) {
  test(`the answer to a ${name} whose upgrade is not taken says that it is the last, and is`, async (t) => {
    const { service, gateway } = await setUp(t);
    const raw = await askRaw(gateway.port, first + get('/api/second'));
    assert.equal(statuses(raw).length, 1);
    assert.match(raw, /^connection: close\r$/im);
    assert.ok(service.requests.every(({ path }) => path === '/first'));
  });
}

test('what comes while an untaken upgrade is answered is no request: it may be the body of one that is lost', async (t) => {
  const { service, gateway, held } = await setUp(t);
  const wire = openWire(t, gateway.port);
  wire.write(get('/api/slow', H2C) + HALF_POST);
  await until(() => held.length === 1);
  wire.write(get('/api/smuggled'));
  await until(
    () => gateway.gateway.open[Symbol.iterator]().next().value?.req.socket.bytesRead === wire.socket.bytesWritten,
  );
  held[0]?.();
  await wire.closed();
  assert.deepEqual(statuses(wire.received), ['HTTP/1.1 200']);
  assert.deepEqual(
    service.requests.map(({ path }) => path),
    ['/slow'],
  );
});

test('nor is what comes behind a handshake that had to wait, and is served plainly', async (t) => {
  const { service, gateway, held } = await setUp(t);
  const wire = openWire(t, gateway.port);
  wire.write(get('/api/slow') + get('/api/handshake', HANDSHAKE) + HALF_POST);
  await until(() => held.length === 1);
  wire.write(get('/api/smuggled'));
  wire.write('no HTTP at all\r\n\r\n');
  await until(
    () => gateway.gateway.open[Symbol.iterator]().next().value?.req.socket.bytesRead === wire.socket.bytesWritten,
  );
  held[0]?.();
  await wire.closed();
  assert.deepEqual(statuses(wire.received), ['HTTP/1.1 200', 'HTTP/1.1 200']);
  assert.deepEqual(service.requests.map(({ path }) => path).sort(), ['/handshake', '/slow']);
  assert.match(wire.received, /^connection: close\r$/im);
});
