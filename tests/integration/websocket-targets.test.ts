import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { closedPort } from '../support/service.ts';
import { until } from '../support/until.ts';
import { askSocket, nextMessage, openSocket, startSocketService } from '../support/websocket.ts';

const open = (target: string) => ({ prefix: '/ws', target, auth: 'none', websocket: true });

test('the death of one target ends its WebSockets, and no others; the next ones go to the living', async (t) => {
  const services = [await startSocketService(t), await startSocketService(t)];
  const route = {
    prefix: '/ws',
    targets: services.map(({ url }) => url),
    balance: 'round-robin',
    auth: 'none',
    websocket: true,
  };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const sockets = [];
  for (let i = 0; i < 6; i++) sockets.push(await openSocket(t, `${gateway.url}/ws`));
  const [dying, living] = services;
  assert.equal(dying?.sockets.size, 3);
  const ended: number[] = [];
  for (const socket of sockets) socket.on('close', (code) => ended.push(code));
  await dying?.stop();
  await until(() => ended.length === 3);
  assert.deepEqual(ended, [1006, 1006, 1006]);
  assert.equal(living?.sockets.size, 3);
  for (let i = 0; i < 4; i++) await openSocket(t, `${gateway.url}/ws`);
  assert.equal(living?.sockets.size, 7);
  assert.equal(ended.length, 3);
});

test('a target goes on counting its open WebSockets, for least-busy, until they end', async (t) => {
  const services = [await startSocketService(t), await startSocketService(t)];
  const targets = services.map(({ url }) => url);
  const route = { prefix: '/ws', targets, balance: 'least-busy', auth: 'none', websocket: true };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const counted = async (): Promise<Record<string, number>> => {
    const state = (await ask(`${gateway.adminUrl}/state`)).json;
    return Object.fromEntries(
      state.targets.map(({ url, inFlight }: { url: string; inFlight: number }) => [url, inFlight]),
    );
  };
  const sockets = [];
  for (let i = 0; i < 10; i++) sockets.push(await openSocket(t, `${gateway.url}/ws`));
  const open = Object.fromEntries(services.map(({ url, sockets: { size } }) => [url, size]));
  assert.deepEqual(await counted(), open);
  for (const socket of sockets) socket.terminate();
  await until(() => gateway.gateway.inFlight === 0);
  assert.deepEqual(Object.values(await counted()), [0, 0]);
});

test('an open WebSocket holds no place of its service’s bulkhead, a handshake under way does', async (t) => {
  const service = await startSocketService(t);
  const route = { ...open(service.url), bulkhead: { inFlight: 1, queue: 0 } };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  await openSocket(t, `${gateway.url}/ws`);
  await openSocket(t, `${gateway.url}/ws`);
  assert.equal(service.sockets.size, 2);
});

test('a service that is down answers 502, and its circuit opens for handshakes as for any call', async (t) => {
  const port = await closedPort();
  const route = { ...open(`http://127.0.0.1:${port}`), circuitBreaker: { minimumRequests: 3 } };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await askSocket(t, `${gateway.url}/ws`)).status);
  assert.deepEqual(statuses, [502, 502, 502, 503, 503]);
});

test('a handshake is tried again on another target while nothing has been granted', async (t) => {
  const service = await startSocketService(t);
  const dead = `http://127.0.0.1:${await closedPort()}`;
  const sick = await startSocketService(t, { refuseWith: () => 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n' });
  const retry = { attempts: 3 };
  const route = {
    prefix: '/ws',
    targets: [dead, sick.url, service.url],
    balance: 'round-robin',
    retry,
    auth: 'none',
    websocket: true,
  };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const socket = await openSocket(t, `${gateway.url}/ws`);
  socket.send('hello');
  assert.equal((await nextMessage(socket)).bytes.toString(), 'hello');
  socket.close();
  assert.equal((await gateway.line({ status: 101 }))['attempts'], 3);
});
