import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { loseRequests, waitTwoMinutes } from '../support/lost-requests.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openSocket, startSocketService } from '../support/websocket.ts';
import { openWire } from '../support/wire.ts';

/** A request that a stage, a library or a bug forgets: it is ended, seen and counted, and its places are free again. */
async function setUp(t: Parameters<typeof startGateway>[0]) {
  const service = await startService(t, (_req, res, { path }) => {
    if (path === '/stream') res.write('begun');
    else if (path === '/slow') res.writeHead(200, { 'content-length': '9' }).flushHeaders();
    else if (path !== '/silent') res.end('quick');
  });
  const sockets = await startSocketService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/ws', target: sockets.url, auth: 'none', websocket: true },
        { name: 'lost', prefix: '/lost', target: service.url, auth: 'none' },
        {
          name: 'api',
          prefix: '/api',
          target: service.url,
          auth: 'none',
          timeouts: { headers: '10m', idle: '10m', total: '10m' },
        },
      ],
    },
  });
  loseRequests(gateway, 'lost');
  return { gateway, service };
}

const ended = async ({ metrics }: { metrics(): Promise<string> }): Promise<number> =>
  Number(/^turnpike_watchdog_ended_total (\d+)/m.exec(await metrics())?.[1]);

test('a request that no stage answers is ended with 500, a line in each log and a metric', async (t) => {
  const { gateway } = await setUp(t);
  const asked = ask(`${gateway.url}/lost/x`);
  await until(() => gateway.gateway.inFlight === 1);
  assert.equal(await ended(gateway), 0);
  await waitTwoMinutes(gateway);
  const answer = await asked;
  assert.deepEqual([answer.status, answer.json.code], [500, 'internal']);
  const line = await gateway.line({ path: '/lost/x' });
  assert.deepEqual([line.status, line['level'], line['source']], [500, 'error', 'gateway']);
  assert.ok(
    gateway.messages.some((message) => message.includes('watchdog') && message.includes(answer.json.requestId)),
  );
  assert.equal(await ended(gateway), 1);
  await until(() => gateway.gateway.inFlight === 0);
});

test('lost requests of a pipeline that goes on sending are ended too, in order', async (t) => {
  const { gateway } = await setUp(t);
  const wire = openWire(t, gateway.port);
  wire.write('GET /lost/x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
  wire.write('GET /api/quick HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => gateway.gateway.inFlight === 4);
  await waitTwoMinutes(gateway, () => wire.write('GET /api/quick HTTP/1.1\r\nHost: a\r\n\r\n'));
  await wire.gets(/(?:HTTP\/1\.1 500.*){3}HTTP\/1\.1 200/s);
  assert.equal(await ended(gateway), 3);
});

test('a process that was suspended for an hour ends nothing', async (t) => {
  const { gateway } = await setUp(t);
  void ask(`${gateway.url}/lost/x`).catch(() => undefined);
  await until(() => gateway.gateway.inFlight === 1);
  gateway.sweeps.sweep(performance.now() + 10_000);
  gateway.sweeps.sweep(performance.now() + 3_600_000);
  assert.equal(await ended(gateway), 0);
  assert.equal(gateway.gateway.inFlight, 1);
});

test('what has a deadline of its own is left alone: slow answers, silent streams, WebSockets', async (t) => {
  const { gateway, service } = await setUp(t);
  const wires = ['/api/silent', '/api/stream', '/api/slow'].map((path) => {
    const wire = openWire(t, gateway.port);
    wire.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    return wire;
  });
  await until(() => service.requests.length === 3);
  await wires[1]?.gets(/begun/);
  const socket = await openSocket(t, `${gateway.url.replace('http', 'ws')}/ws/x`);
  await waitTwoMinutes(gateway);
  assert.equal(await ended(gateway), 0);
  assert.equal(gateway.gateway.inFlight, 4);
  assert.equal(socket.readyState, socket.OPEN);
  assert.ok(wires.every(({ isClosed }) => !isClosed));
});
