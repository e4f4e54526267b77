import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startLyingService } from '../support/service.ts';
import { until } from '../support/until.ts';
import {
  askSocket,
  closeOf,
  handshakeBytes,
  nextMessage,
  openSocket,
  type SocketService,
  startSocketService,
} from '../support/websocket.ts';

const MIB = 1024 * 1024;
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

async function setUp(
  t: TestContext,
  websocket: unknown = true,
): Promise<{ gateway: TestGateway; service: SocketService }> {
  const service = await startSocketService(t);
  const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket }];
  return { service, gateway: await startGateway(t, { file: { routes } }) };
}

/** A client that speaks bytes; resolves when it has its 101. */
async function openRaw(t: TestContext, port: number): Promise<Socket> {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => client.destroy());
  client.on('error', () => client.destroy());
  client.write(handshakeBytes('/ws'));
  const [head] = (await once(client, 'data')) as [Buffer];
  assert.match(head.toString('latin1'), /^HTTP\/1\.1 101 /);
  return client;
}

/** Nothing of any request or socket is held any more. */
async function assertFreed(gateway: TestGateway): Promise<void> {
  await until(() => gateway.gateway.inFlight === 0, { timeoutMs: 5_000, what: 'the end of the request' });
  assert.equal(gateway.deps.sockets.size, 0);
  assert.equal(gateway.deps.deadlines.size, 0);
}

test('a WebSocket on which nothing moves is closed with 1001, one that is used stays', async (t) => {
  const { gateway, service } = await setUp(t, { idleTimeout: '1s' });
  const busy = await openSocket(t, `${gateway.url}/ws`);
  const timer = setInterval(() => busy.ping(), 50);
  t.after(() => clearInterval(timer));
  const idle = await openSocket(t, `${gateway.url}/ws`);
  assert.deepEqual(await closeOf(idle), { code: 1001, reason: 'idle' });
  await until(() => service.closeCodes.length === 1);
  assert.deepEqual(service.closeCodes, [1001]);
  busy.send('hello');
  assert.equal((await nextMessage(busy)).bytes.toString(), 'hello');
});

test('a WebSocket is closed with 1008 when its token expires, however busy it is', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'jwt', websocket: true }] },
  });
  const expiresAtMs = (Math.floor(Date.now() / 1000) + 2) * 1000;
  const headers = { authorization: `Bearer ${jwt.sign({ sub: 'u1', exp: expiresAtMs / 1000 }, SECRET)}` };
  const socket = await openSocket(t, `${gateway.url}/ws`, { headers });
  const timer = setInterval(() => socket.ping(), 50);
  t.after(() => clearInterval(timer));
  assert.deepEqual(await closeOf(socket), { code: 1008, reason: 'credential expired' });
  assert.ok(Date.now() >= expiresAtMs);
  await until(() => service.closeCodes.length === 1);
  assert.deepEqual(service.closeCodes, [1008]);
  await assertFreed(gateway);
});

test('a client that resets its connection frees the one to the service', async (t) => {
  const { gateway, service } = await setUp(t);
  const client = await openRaw(t, gateway.port);
  client.resetAndDestroy();
  await until(() => service.closeCodes.length === 1);
  await assertFreed(gateway);
});

test('a service that resets its connection frees the one to the client', async (t) => {
  const { gateway, service } = await setUp(t);
  const client = await openRaw(t, gateway.port);
  for (const { socket } of service.requests) socket.resetAndDestroy();
  await once(client, 'end');
  client.end();
  await assertFreed(gateway);
});

test('an end that says goodbye and keeps its own side open is cut, both ways', async (t) => {
  const sockets: Socket[] = [];
  const lie = await startLyingService(t, (socket) => {
    socket.allowHalfOpen = true;
    sockets.push(socket);
    socket.write(`${SWITCHING}Sec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`);
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', target: lie.url, auth: 'none', websocket: true }] },
  });
  const one = await openRaw(t, gateway.port);
  one.end();
  await assertFreed(gateway);
  const other = await openRaw(t, gateway.port);
  const ended = once(other, 'end');
  sockets[1]?.end();
  await ended;
  await assertFreed(gateway);
});

test('a 101 that does not prove the handshake is no tunnel, but a 502', async (t) => {
  for (const lie of [
    `${SWITCHING}\r\n`,
    `${SWITCHING}Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n`,
    'HTTP/1.1 101 Whatever\r\n\r\n',
  ]) {
    const service = await startLyingService(t, lie);
    const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true, retry: false }];
    const gateway = await startGateway(t, { file: { routes } });
    const { status, text } = await askSocket(t, `${gateway.url}/ws`);
    assert.equal(status, 502);
    assert.equal(JSON.parse(text).code, 'upstream_protocol');
    await assertFreed(gateway);
  }
});

test('a client that leaves while its handshake is under way leaves nothing behind', async (t) => {
  const service = await startLyingService(t, () => undefined);
  const routes = [{ prefix: '/ws', target: service.url, auth: 'none', websocket: { perConsumer: 1 } }];
  const gateway = await startGateway(t, { file: { routes } });
  for (let i = 1; i <= 4; i++) {
    const client = connect(gateway.port, '127.0.0.1');
    client.write(handshakeBytes('/ws'));
    await until(() => service.received.length === i);
    if (i % 2 === 0) client.resetAndDestroy();
    else client.end();
    await assertFreed(gateway);
    await until(() => gateway.accessLines.length === i);
  }
  for (const line of gateway.accessLines) assert.match(line, /"status":499/);
});

test('a service that never answers the handshake is a 504', async (t) => {
  const service = await startLyingService(t, () => undefined);
  const routes = [
    { prefix: '/ws', target: service.url, auth: 'none', websocket: true, timeouts: { headers: '200ms' } },
  ];
  const gateway = await startGateway(t, { file: { routes } });
  assert.equal((await askSocket(t, `${gateway.url}/ws`)).status, 504);
  await assertFreed(gateway);
});

test('a client that does not read stops the service, and not the gateway; all arrives once it reads', async (t) => {
  const messages = 64;
  let sent = 0;
  const service = await startSocketService(t, {
    onOpen: (socket) => {
      for (let i = 0; i < messages; i++) socket.send(randomBytes(MIB), () => (sent += 1));
    },
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true }] },
  });
  const socket = await openSocket(t, `${gateway.url}/ws`, { perMessageDeflate: false });
  let received = 0;
  socket.on('message', () => {
    received += 1;
  });
  socket.pause();
  await untilStill(() => sent);
  assert.ok(sent < messages / 2, `${sent} of ${messages} MiB went out to a client that reads none`);
  socket.resume();
  await until(() => received === messages, { timeoutMs: 20_000 });
});

test('a service that does not read stops the client', async (t) => {
  const service = await startSocketService(t, { onOpen: (socket) => socket.pause() });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true }] },
  });
  const socket = await openSocket(t, `${gateway.url}/ws`, { perMessageDeflate: false });
  let sent = 0;
  for (let i = 0; i < 64; i++) socket.send(randomBytes(MIB), () => (sent += 1));
  await untilStill(() => sent);
  assert.ok(sent < 32, `${sent} of 64 MiB went out to a service that reads none`);
  for (const one of service.sockets) one.resume();
  await until(() => sent === 64, { timeoutMs: 20_000 });
});

/** Waits until a number has not moved for a while. */
async function untilStill(read: () => number): Promise<void> {
  let last = -1;
  let stillSince = performance.now();
  await until(() => {
    const now = read();
    if (now !== last) stillSince = performance.now();
    last = now;
    return performance.now() - stillSince > 500;
  });
}
