import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ANSWER = Buffer.alloc(4_000, 'x');
/** More than the buffers between two sockets hold. */
const REQUESTS = 10_000;

test('a client that never reads its answers is cut off after the idle time, and holds no place', async (t) => {
  const service = await startService(t, (_req, res) =>
    res.writeHead(200, { 'content-length': ANSWER.length }).end(ANSWER),
  );
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/x',
          target: service.url,
          auth: 'none',
          timeouts: { idle: '300ms' },
          bulkhead: { inFlight: REQUESTS },
        },
      ],
    },
  });
  // Small answers are whole at the gateway before it can notice that nobody reads them.
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.on('error', () => undefined);
  let isCut = false;
  socket.on('close', () => {
    isCut = true;
  });
  socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(REQUESTS));
  await until(() => service.requests.length > 100, { what: 'the requests' });
  let before = -1;
  await until(
    async () => {
      const seen = service.requests.length;
      const isStalled = seen === before;
      before = seen;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return isStalled;
    },
    { what: 'the answers that fill every buffer' },
  );
  await until(() => gateway.gateway.inFlight === 0, { what: 'the end of the stalled answers', timeoutMs: 20_000 });
  assert.equal((await ask(`${gateway.url}/x`)).status, 200);
  socket.resume();
  await until(() => isCut, { what: 'the end of the connection' });
  assert.ok(service.requests.length < REQUESTS, 'the answers were never too many to hold');
});

test('a CONNECT behind answers that nobody reads does not keep their connection', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', auth: 'none', respond: { status: 200, body: 'x'.repeat(8_000) } }] },
  });
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.on('error', () => undefined);
  const connectTo = 'CONNECT x.example:443 HTTP/1.1\r\nHost: x.example:443\r\n\r\n';
  // One packet: the parser stops between packets when answers are not read.
  socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_900) + connectTo);
  await until(() => gateway.gateway.inFlight > 0, { what: 'the requests' });
  await until(() => gateway.gateway.inFlight === 0, { what: 'the end of the stalled answers', timeoutMs: 20_000 });
  let isCut = false;
  socket.on('close', () => {
    isCut = true;
  });
  socket.resume();
  await until(() => isCut, { what: 'the end of the connection' });
});
