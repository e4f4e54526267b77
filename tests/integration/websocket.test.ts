import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { askRaw } from '../support/http.ts';
import { until } from '../support/until.ts';
import {
  askSocket,
  closeOf,
  handshakeBytes,
  nextMessage,
  openSocket,
  startSocketService,
} from '../support/websocket.ts';
import { openWire } from '../support/wire.ts';

const MIB = 1024 * 1024;
const open = (target: string, websocket: unknown = true) => ({ prefix: '/ws', target, auth: 'none', websocket });

test('text, binary, empty and large messages pass unchanged, both ways', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  for (const perMessageDeflate of [false, true]) {
    const socket = await openSocket(t, `${gateway.url}/ws`, { perMessageDeflate });
    for (const message of ['grüß dich', '', randomBytes(70_000), randomBytes(10 * MIB), 'x'.repeat(200_000)]) {
      socket.send(message);
      const { bytes, isBinary } = await nextMessage(socket);
      assert.equal(isBinary, typeof message !== 'string');
      assert.ok(bytes.equals(Buffer.from(message)), `${message.length} bytes came back changed`);
    }
    socket.close(4321, 'done');
    assert.deepEqual(await closeOf(socket), { code: 4321, reason: 'done' });
  }
  await until(() => service.closeCodes.length === 2);
  assert.deepEqual(service.closeCodes, [4321, 4321]);
});

test('a message in fragments, with a ping between them, arrives whole and is answered', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  const socket = await openSocket(t, `${gateway.url}/ws`);
  const answered = Promise.all([nextMessage(socket), once(socket, 'pong')]);
  socket.send('one ', { fin: false });
  socket.ping('are you there');
  socket.send('two ', { fin: false });
  socket.send('three', { fin: true });
  const [{ bytes }, [pong]] = await answered;
  assert.equal(bytes.toString(), 'one two three');
  assert.equal(String(pong), 'are you there');
  const [served] = service.sockets;
  served?.ping('and you');
  assert.equal(String((await once(socket, 'ping'))[0]), 'and you');
});

test('subprotocol and extensions are agreed on from end to end', async (t) => {
  const service = await startSocketService(t, {
    perMessageDeflate: true,
    handleProtocols: (offered) => (offered.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  const socket = await openSocket(t, `${gateway.url}/ws`, { protocols: ['chat', 'graphql-transport-ws'] });
  assert.equal(socket.protocol, 'graphql-transport-ws');
  assert.match(socket.extensions, /permessage-deflate/);
});

test('the service sees its own path, who calls, the request ID, and no credential', async (t) => {
  const service = await startSocketService(t);
  const key = createApiKey();
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      consumers: [{ name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(key) }] }],
      routes: [{ prefix: '/api/live', target: service.url, rewritePrefix: '/v2', websocket: true }],
    },
  });
  const token = jwt.sign({ sub: 'u1', role: 'admin' }, SECRET, { expiresIn: 60 });
  const headers = {
    authorization: `Bearer ${token}`,
    'x-api-key': key,
    'x-user-id': 'forged',
    'x-consumer-name': 'forged',
  };
  const socket = await openSocket(t, `${gateway.url}/api/live/rooms/1?since=5`, { headers });
  const [seen] = service.requests;
  assert.equal(seen?.url, '/v2/rooms/1?since=5');
  assert.equal(seen.headers['x-user-id'], 'u1');
  assert.equal(seen.headers['x-consumer-name'], 'app');
  assert.equal(seen.headers['x-user-role'], 'admin');
  assert.equal(seen.headers.authorization, undefined);
  assert.equal(seen.headers['x-api-key'], undefined);
  assert.match(String(seen.headers['x-request-id']), /^[\w-]{36}$/);
  socket.close();
  const line = await gateway.line({ status: 101 });
  assert.equal(line['requestId'], seen.headers['x-request-id']);
});

test('what a client sends together with its handshake is not lost', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  const client = connect(gateway.port, '127.0.0.1');
  t.after(() => client.destroy());
  // A masked text frame "Hello" (RFC 6455, section 5.7).
  const hello = Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
  client.write(Buffer.concat([Buffer.from(handshakeBytes('/ws')), hello]));
  let received = '';
  client.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  await until(() => received.endsWith('\x81\x05Hello'));
});

test('the log line of a WebSocket comes at its end, with its bytes, and its life is nobody’s latency', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  const socket = await openSocket(t, `${gateway.url}/ws/x?token=geheim`, {
    perMessageDeflate: false,
    headers: { 'user-agent': 'tester' },
  });
  assert.match(await gateway.metrics(), /^turnpike_websockets_open 1$/m);
  socket.send('x'.repeat(1000));
  await nextMessage(socket);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(gateway.accessLines.length, 0);
  socket.close(1000);
  const line = await gateway.line({ status: 101 });
  assert.equal(line.path, '/ws/x?token=***');
  assert.equal(line['userAgent'], 'tester');
  assert.ok((line['bytesIn'] as number) >= 1008, String(line['bytesIn']));
  assert.ok((line['bytesOut'] as number) >= 1004);
  const totalMs = line['totalMs'] as number;
  assert.ok(totalMs >= 300);
  assert.ok((line['gatewayMs'] as number) <= totalMs - 300);
  assert.equal(line['target'], service.url);
  assert.equal(line['aborted'], undefined);
  const metrics = await gateway.metrics();
  assert.match(metrics, /^turnpike_websockets_open 0$/m);
  const [, seconds] = /turnpike_request_duration_seconds_sum\{route="\/ws"\} ([\d.]+)/.exec(metrics) ?? [];
  assert.ok(Number(seconds) * 1000 <= totalMs - 300, `${seconds} s`);
  assert.match(metrics, /turnpike_requests_total\{route="\/ws",method="GET",status="101",source="service"\} 1/);
  assert.match(metrics, /^turnpike_requests_in_flight 0$/m);
  assert.equal(gateway.gateway.inFlight, 0);
});

test('on a route without websocket the request is served as the plain one that it also is', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url, false)] } });
  const raw = await askRaw(gateway.port, handshakeBytes('/ws/x'));
  assert.match(raw, /^HTTP\/1\.1 200 /);
  assert.match(raw, /"path":"\/x"/);
  assert.doesNotMatch(raw, /"upgrade"/);
  assert.equal(service.requests.length, 0);
});

test('an upgrade to h2c is served as a plain request, with or without a body, and ends its connection', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  // As Java's HttpClient asks.
  const h2c =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA\r\n';
  for (const bytes of [
    `GET /ws/a HTTP/1.1\r\nHost: a\r\n${h2c}\r\n`,
    `POST /ws/a HTTP/1.1\r\nHost: a\r\n${h2c}Content-Length: 5\r\n\r\nhello`,
  ]) {
    const wire = openWire(t, gateway.port);
    wire.write(bytes);
    await wire.closed();
    assert.match(wire.received, /^HTTP\/1\.1 200 /);
    assert.match(wire.received, /^connection: close\r$/im);
    assert.match(wire.received, /"path":"\/a"/);
  }
});

test('a reload leaves an open WebSocket alone, and the new routes are in force beside it', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, { file: { routes: [open(service.url)] } });
  const socket = await openSocket(t, `${gateway.url}/ws`);
  await gateway.reload({ routes: [{ prefix: '/other', target: 'http://127.0.0.1:9', auth: 'none' }] });
  assert.equal((await askSocket(t, `${gateway.url}/ws`)).status, 404);
  socket.send('still here');
  assert.equal((await nextMessage(socket)).bytes.toString(), 'still here');
});
