import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { listenOn, type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

const OPEN = { auth: 'none' };

function codeOf(gateway: TestGateway, path: string): Promise<number> {
  return ask(gateway.url + path).then(({ status }) => status);
}

/** Asks until the circuit of the path's service is open. */
async function openCircuit(gateway: TestGateway, path: string): Promise<void> {
  await until(async () => (await codeOf(gateway, path)) === 503, { what: 'an open circuit' });
}

/** The server of the main port, as Node tells it with the next request. */
async function serverOf(t: TestContext, gateway: TestGateway): Promise<EventEmitter> {
  let found: EventEmitter | undefined;
  const look = (message: unknown): void => {
    const { server } = message as { server: Server };
    if ((server.address() as AddressInfo | null)?.port === gateway.port) found = server;
  };
  subscribe('http.server.request.start', look);
  t.after(() => unsubscribe('http.server.request.start', look));
  await codeOf(gateway, '/health');
  assert.ok(found);
  return found;
}

const failing: StubHandler = (_req, res) => res.writeHead(500).end();

describe('a reload', { concurrency: 4 }, () => {
  it('brings a new service in, and takes an old one away', async (t) => {
    const service = await startService(t);
    const gateway = await startGateway(t, { file: { routes: [{ prefix: '/old', target: service.url, ...OPEN }] } });
    assert.equal(await codeOf(gateway, '/new'), 404);
    const result = await gateway.reload({ routes: [{ prefix: '/new', target: service.url, ...OPEN }] });
    assert.equal(result.result, 'applied');
    assert.equal(await codeOf(gateway, '/new'), 200);
    assert.equal(await codeOf(gateway, '/old'), 404);
  });

  it('lets go of the metrics of what is gone, and of nothing else', async (t) => {
    const service = await startService(t);
    const kept = { name: 'kept', prefix: '/kept', target: service.url, ...OPEN };
    const gone = { name: 'gone', prefix: '/gone', target: service.url, ...OPEN };
    const gateway = await startGateway(t, { file: { routes: [kept, gone] } });
    for (const path of ['/kept', '/gone']) assert.equal(await codeOf(gateway, path), 200);
    const linesOf = async (name: string) => {
      const text = await fetch(`${gateway.adminUrl}/metrics`).then((answer) => answer.text());
      return text.split('\n').filter((line) => line.includes(`"${name}"`));
    };
    const before = await linesOf('kept');
    assert.equal((await linesOf('gone')).length, before.length);
    await gateway.reload({ routes: [kept] });
    await until(async () => (await linesOf('gone')).length === 0, { what: 'no metric of the route that is gone' });
    assert.deepEqual(await linesOf('kept'), before);
    await gateway.reload({ routes: [kept, gone] });
    assert.equal(await codeOf(gateway, '/gone'), 200);
    assert.match((await linesOf('gone')).join('\n'), /turnpike_requests_total\{.*status="200".*\} 1/);
  });

  it('says in words what has changed', async (t) => {
    const service = await startService(t);
    const route = { prefix: '/orders', target: service.url, ...OPEN };
    const gateway = await startGateway(t, { file: { routes: [route] } });
    const { changes } = await gateway.reload({ routes: [route, { prefix: '/more', target: service.url, ...OPEN }] });
    assert.match(changes.join('\n'), /\/more/);
    const again = await gateway.reload({ routes: [route, { prefix: '/more', target: service.url, ...OPEN }] });
    assert.deepEqual(again.changes, []);
  });

  it('of a bad file keeps the old one, and says where and why', async (t) => {
    const service = await startService(t);
    const route = { prefix: '/x', target: service.url, ...OPEN };
    const gateway = await startGateway(t, { file: { routes: [route] } });
    const { result, faults } = await gateway.reload({
      routes: [
        { ...route, prefx: '/typo' },
        { prefix: '/y', service: 'no' },
      ],
    });
    assert.equal(result, 'refused');
    const text = JSON.stringify(faults);
    assert.match(text, /prefx/);
    assert.match(text, /no service \\"no\\"/);
    assert.ok(faults.every(({ line, file }) => line > 0 && file !== ''));
    assert.equal(await codeOf(gateway, '/x'), 200);
    assert.equal(await codeOf(gateway, '/y'), 404);
    assert.match(gateway.messages.join(''), /refused, the old one stays in force/);
    assert.match(await gateway.metrics(), /turnpike_reloads_total\{result="refused"\} 1/);
  });

  it('keeps circuits open and limits counted', async (t) => {
    const bad = await startService(t, failing);
    const good = await startService(t);
    const file = (extra: object[]) => ({
      services: { bad: { targets: [bad.url] } },
      routes: [
        { prefix: '/bad', service: 'bad', ...OPEN },
        { prefix: '/own', target: bad.url, ...OPEN },
        { prefix: '/limited', target: good.url, ...OPEN, rateLimits: [{ limit: 3, window: '1h', by: 'address' }] },
        ...extra,
      ],
    });
    const gateway = await startGateway(t, { file: file([]) });
    await openCircuit(gateway, '/bad');
    await openCircuit(gateway, '/own');
    assert.equal(await codeOf(gateway, '/limited'), 200);
    assert.equal(await codeOf(gateway, '/limited'), 200);
    const asked = bad.requests.length;
    for (let i = 0; i < 5; i++) {
      assert.equal((await gateway.reload(file([{ prefix: `/new${i}`, target: good.url, ...OPEN }]))).result, 'applied');
      assert.equal(await codeOf(gateway, '/bad'), 503);
      assert.equal(await codeOf(gateway, '/own'), 503);
    }
    assert.equal(bad.requests.length, asked);
    assert.equal(await codeOf(gateway, '/limited'), 200);
    assert.equal(await codeOf(gateway, '/limited'), 429);
  });

  it('closes no connection, of clients or to services', async (t) => {
    const service = await startService(t);
    const route = { prefix: '/x', target: service.url, ...OPEN };
    const gateway = await startGateway(t, { file: { routes: [route] } });
    const wire = openWire(t, gateway.port);
    for (let i = 1; i <= 10; i++) {
      wire.write(`GET /x/${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await wire.gets(new RegExp(`"path":"/${i}"`));
      await gateway.reload({ routes: [route, { prefix: `/new${i}`, target: service.url, ...OPEN }] });
    }
    assert.equal(wire.isClosed, false);
    assert.equal(service.connections, 1);
  });

  it('lets a request end as it began, though its route is gone', async (t) => {
    let answer: (() => void) | undefined;
    const service = await startService(t, (_req, res) => {
      res.write('first, ');
      answer = () => res.end('last');
    });
    const gateway = await startGateway(t, { file: { routes: [{ prefix: '/x', target: service.url, ...OPEN }] } });
    const wire = openWire(t, gateway.port);
    wire.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.gets(/first, /);
    await gateway.reload({ routes: [] });
    assert.equal(await codeOf(gateway, '/x'), 404);
    answer?.();
    await wire.gets(/last/);
  });

  it('leaves WebSockets alone', async (t) => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`echo ${String(text)}`)));
    const port = await listenOn(server, 0);
    t.after(() => {
      for (const client of sockets.clients) client.terminate();
      server.close();
    });
    const route = { prefix: '/ws', target: `http://127.0.0.1:${port}`, websocket: true, ...OPEN };
    const gateway = await startGateway(t, { file: { routes: [route] } });
    const client = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`);
    t.after(() => client.terminate());
    await once(client, 'open');
    let isClosed = false;
    client.on('close', () => {
      isClosed = true;
    });
    for (const routes of [[], [route], [{ ...route, websocket: false }], []]) {
      assert.equal((await gateway.reload({ routes })).result, 'applied');
      client.send('still there?');
      const [text] = await once(client, 'message');
      assert.equal(String(text), 'echo still there?');
    }
    assert.equal(isClosed, false);
  });

  it('leaves nothing behind, however often it happens', async (t) => {
    const service = await startService(t);
    const file = (i: number) => ({
      services: { it: { targets: [service.url], circuitBreaker: { openFor: `${i + 1}s` } } },
      routes: [
        { prefix: `/a${i}`, service: 'it', ...OPEN, rateLimits: [{ limit: 100 + i, window: '1h', by: 'address' }] },
        { prefix: `/b${i}`, target: `${service.url}/${i}`, ...OPEN },
        { prefix: `/c${i}`, target: `${service.url}/${i}`, ...OPEN, circuitBreaker: { openFor: `${i + 1}s` } },
      ],
    });
    const gateway = await startGateway(t, { file: file(0) });
    const server = await serverOf(t, gateway);
    const listeners = () =>
      [process, server].map((one) => one.eventNames().reduce((sum, name) => sum + one.listenerCount(name), 0));
    const use = async (i: number) => {
      for (const path of ['a', 'b', 'c']) assert.equal(await codeOf(gateway, `/${path}${i}/x`), 200);
    };
    await use(0);
    const pooled = gateway.deps.pool.size;
    await gateway.reload(file(1));
    await use(1);
    await until(() => gateway.gateway.inFlight === 0);
    // What is not needed any more is let go on the side.
    await until(() => gateway.deps.pool.size === pooled, { what: 'the end of what only the first file needed' });
    const before = { pool: pooled, listeners: listeners() };
    for (let i = 2; i < 30; i++) {
      assert.equal((await gateway.reload(file(i))).result, 'applied');
      await use(i);
    }
    await until(() => gateway.gateway.inFlight === 0 && gateway.deps.pool.size === before.pool);
    assert.deepEqual(listeners(), before.listeners);
    await gateway.reload({ routes: [] });
    await until(() => gateway.deps.pool.size < before.pool);
  });
});
