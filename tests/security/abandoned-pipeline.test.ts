import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/**
 * The attack: several requests are pipelined on one connection, which is dropped before the first is answered. Node
 * tells only the response whose turn it is that the connection has gone: of the others every place that was taken (in
 * flight, in the bulkhead, of the consumer, in the snapshot) would be taken for ever.
 */
const GET = 'GET /api/slow HTTP/1.1\r\nHost: a.example\r\n\r\n';
const UPLOAD = 'POST /api/upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nonly the beginning';

async function setUp(t: Parameters<typeof startGateway>[0]) {
  const service = await startService(t, (_req, res, { path }) => {
    if (path !== '/slow') res.end();
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/api', target: service.url, auth: 'none', concurrency: { perConsumer: 20 } },
        { prefix: '/fixed', auth: 'none', respond: { status: 200 } },
      ],
    },
  });
  return { gateway, service };
}

async function dropAfter(port: number, bytes: string, isThere: () => unknown): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  await until(isThere);
  socket.resetAndDestroy();
  if (!socket.closed) await once(socket, 'close');
}

test('of a pipeline that its client drops nothing stays in flight, and every request has its line', async (t) => {
  const { gateway, service } = await setUp(t);
  for (let round = 1; round <= 5; round += 1) {
    await dropAfter(gateway.port, GET.repeat(12), () => service.requests.length === 12 * round);
    await until(() => gateway.gateway.inFlight === 0);
  }
  await until(() => gateway.accessLines.length === 60);
  const { json: state } = await ask(`${gateway.adminUrl}/state`);
  for (const { inFlight } of Object.values<{ inFlight: number }>(state.services)) assert.equal(inFlight, 0);
  assert.equal((await ask(`${gateway.url}/api/quick`)).status, 200, "the consumer's own places are free again");
});

test('answers that wait for their turn when the client drops the connection are let go too', async (t) => {
  const { gateway, service } = await setUp(t);
  const fixed = 'GET /fixed HTTP/1.1\r\nHost: a.example\r\n\r\n'.repeat(3);
  await dropAfter(gateway.port, GET + fixed, () => service.requests.length === 1);
  await until(() => gateway.gateway.inFlight === 0);
});

test('uploads that are dropped in a pipeline never end the process', async (t) => {
  const { gateway, service } = await setUp(t);
  for (let round = 1; round <= 100; round += 1) {
    await dropAfter(gateway.port, GET + UPLOAD, () => service.requests.length >= round);
  }
  await until(() => gateway.gateway.inFlight === 0);
  assert.equal((await ask(`${gateway.url}/fixed`)).status, 200);
});

const ENDINGS = {
  'is a CONNECT': 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
  'is garbage': 'garbage\r\n\r\n',
  'is over the limit of header fields': `GET /fixed HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
  'has an expectation that nobody understands': 'GET /fixed HTTP/1.1\r\nHost: a.example\r\nExpect: foo\r\n\r\n',
  'has no host': 'GET /fixed HTTP/1.1\r\n\r\n',
  'is an upload that is refused': 'POST /nowhere HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\n',
};
for (const [name, ending] of Object.entries(ENDINGS)) {
  test(`a pipeline whose last request ${name} leaves nothing in flight`, async (t) => {
    const { gateway } = await setUp(t);
    const fixed = 'GET /fixed HTTP/1.1\r\nHost: a.example\r\n\r\n'.repeat(3);
    await dropAfter(gateway.port, fixed + GET + fixed + GET + ending, () => true);
    await until(() => gateway.gateway.inFlight === 0, { timeoutMs: 3_000 });
    await dropAfter(gateway.port, fixed + fixed + ending, () => true);
    await until(() => gateway.gateway.inFlight === 0, { timeoutMs: 3_000 });
    const closing = 'GET /fixed HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
    await dropAfter(gateway.port, closing + fixed + ending, () => true);
    await until(() => gateway.gateway.inFlight === 0, { timeoutMs: 3_000 });
  });
}
