import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { embed, startHostApp } from '../support/host-app.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { askSocket, closeOf, nextMessage, openSocket, startSocketService } from '../support/websocket.ts';
import { openWire } from '../support/wire.ts';

const routesFor = (target: string, websocket = true) => ({
  routes: [{ prefix: '/ws', target, auth: 'none', websocket }],
});

async function echoes(t: Parameters<typeof openSocket>[0], url: string): Promise<boolean> {
  const socket = await openSocket(t, url);
  socket.send('hello');
  return String((await nextMessage(socket)).bytes) === 'hello';
}

test('WebSockets of the application’s server that a route takes walk the route, below the mount', async (t) => {
  const service = await startSocketService(t);
  const gateway = await embed(t, { routes: routesFor(service.url) });
  const { url, server } = await startHostApp(t, (app) => app.use('/api', gateway));
  gateway.upgrade(server, { path: '/api/' });
  assert.ok(await echoes(t, `${url}/api/ws/room?x=1`));
  assert.equal(service.requests[0]?.url, '/room?x=1');
  assert.equal(service.requests[0]?.headers['x-forwarded-prefix'], '/api/ws');
});

test('a refused handshake is a real answer', async (t) => {
  const service = await startSocketService(t);
  const gateway = await embed(t, { routes: { routes: [{ prefix: '/ws', target: service.url, websocket: true }] } });
  const { url, server } = await startHostApp(t, (app) => app.use('/api', gateway));
  gateway.upgrade(server, { path: '/api' });
  assert.equal((await askSocket(t, `${url}/api/ws`)).status, 401);
  assert.equal((await askSocket(t, `${url}/api/nothing`)).status, 404);
});

test('what is not below the mount stays with whoever has it', async (t) => {
  const service = await startSocketService(t);
  const gateway = await embed(t, { routes: routesFor(service.url) });
  const { url, server } = await startHostApp(t, (app) => app.use('/api', gateway));
  gateway.upgrade(server, { path: '/api' });
  // Nobody else listens: it is the plain request that it also is.
  assert.equal((await askSocket(t, `${url}/own`)).status, 404);
  const own = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req, socket, head) => {
    if (req.url !== '/own') return;
    own.handleUpgrade(req, socket, head, (peer) => peer.on('message', (data) => peer.send(data)));
  });
  assert.ok(await echoes(t, `${url}/own`));
  assert.ok(await echoes(t, `${url}/api/ws`));
  assert.equal(service.requests.length, 1);
});

test('an upgrade that nobody takes is served as the plain request that it also is', async (t) => {
  const service = await startService(t);
  const gateway = await embed(t, { routes: { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
  const { port, server } = await startHostApp(t, (app) => {
    app.use('/api', gateway);
    app.get('/own', (_req, res) => void res.send('mine'));
  });
  gateway.upgrade(server, { path: '/api' });
  const h2c = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n';
  const own = openWire(t, port);
  own.write(`GET /own HTTP/1.1\r\n${h2c}`);
  await own.gets(/200 OK[\s\S]*mine/);
  const ours = openWire(t, port);
  ours.write(`GET /api/x HTTP/1.1\r\n${h2c}`);
  await ours.gets(/200 OK[\s\S]*"path":"\/"/);
});

test('two gateways on one server have each its own', async (t) => {
  const [one, two] = await Promise.all([startSocketService(t), startSocketService(t)]);
  const [first, second] = await Promise.all([
    embed(t, { routes: routesFor(one.url) }),
    embed(t, { routes: routesFor(two.url) }),
  ]);
  const { url, server } = await startHostApp(t, (app) => app.use('/one', first).use('/two', second));
  first.upgrade(server, { path: '/one' });
  second.upgrade(server, { path: '/two' });
  assert.ok(await echoes(t, `${url}/one/ws`));
  assert.ok(await echoes(t, `${url}/two/ws`));
  assert.deepEqual([one.requests.length, two.requests.length], [1, 1]);
  await first.close();
  assert.ok(await echoes(t, `${url}/two/ws`));
  await second.close();
  assert.equal(server.listenerCount('upgrade'), 0);
  assert.equal((await ask(`${url}/one/ws`)).status, 503);
});

test('a gateway that closes tells its WebSockets', async (t) => {
  const service = await startSocketService(t);
  const gateway = await embed(t, { routes: routesFor(service.url) });
  const { url, server } = await startHostApp(t, (app) => app.use(gateway));
  gateway.upgrade(server);
  const socket = await openSocket(t, `${url}/ws`);
  const closed = closeOf(socket);
  assert.equal(await gateway.close(), true);
  assert.equal((await closed).code, 1001);
  await until(() => service.sockets.size === 0);
});

test('a handshake behind an answer that is still owed ends nothing', async (t) => {
  const socketService = await startSocketService(t);
  const answer = Promise.withResolvers<void>();
  const service = await startService(t, (_req, res) => void answer.promise.then(() => res.end('late')));
  const routes = [...routesFor(socketService.url).routes, { prefix: '/x', target: service.url, auth: 'none' }];
  const gateway = await embed(t, { routes: { routes } });
  const { port, url, server } = await startHostApp(t, (app) => app.use(gateway));
  gateway.upgrade(server);
  const wire = openWire(t, port);
  const handshake =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  wire.write(`GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /ws HTTP/1.1\r\nHost: a\r\n${handshake}`);
  await until(() => service.requests[0]);
  answer.resolve();
  await wire.gets(/late/);
  await wire.closed();
  assert.doesNotMatch(wire.received, /101 Switching/);
  assert.ok(await echoes(t, `${url}/ws`));
});
