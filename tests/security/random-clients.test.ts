import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { createRandom } from '../support/random.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/**
 * The attack: clients that pipeline whatever they like and leave whenever they like, before services that do the same.
 * It has found what no thought-out attack did: two ways to end the process, and one to take places for ever.
 */
const CLIENTS = 4;
const CONNECTIONS = 100;
const SEED = 20_261_121;

/** Whole numbers from 0 up to `below`, the same in each run. */
function createDice(seed: number): (below: number) => number {
  const random = createRandom(seed);
  return (below) => Math.floor(random() * below);
}

const LINES = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'PURGE', 'TRACE', 'CONNECT'];
const TARGETS = ['/open', '/open/%2e', '/slow', '/asked', '/fixed', '/health', '/-/me', '/none', 'http://[', 'a:1'];
const FIELDS = [
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c',
  'Authorization: Bearer abc',
  'X-Request-Timeout-Ms: 5',
  'Expect: 100-continue',
  'Connection: close',
  'Origin: https://app.example\r\nAccess-Control-Request-Method: PUT',
];
const BODIES = [
  `Content-Length: 3000\r\n\r\n${'x'.repeat(3000)}`,
  'Content-Length: 100\r\n\r\nonly the beginning',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhel',
  'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
];

function createRequest(dice: (below: number) => number): string {
  const pick = (list: readonly string[]): string => list[dice(list.length)] as string;
  const fields = FIELDS.filter(() => dice(5) === 0).map((field) => `${field}\r\n`);
  return `${pick(LINES)} ${pick(TARGETS)} HTTP/1.1\r\nHost: a\r\n${fields.join('')}${dice(3) === 0 ? pick(BODIES) : '\r\n'}`;
}

/** One connection: some requests in one or two pieces, and a leave of some kind after some milliseconds. */
function visit(port: number, dice: (below: number) => number): Promise<void> {
  const bytes = Buffer.from(Array.from({ length: 1 + dice(4) }, () => createRequest(dice)).join(''));
  const cut = dice(3) === 0 ? dice(bytes.length) : bytes.length;
  const leave = dice(3);
  const afterMs = dice(40);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    if (dice(8) !== 0) socket.resume();
    socket.write(bytes.subarray(0, cut));
    setTimeout(() => {
      if (leave === 0) socket.resetAndDestroy();
      else if (leave === 1) socket.end(bytes.subarray(cut), () => setTimeout(() => socket.destroy(), 20));
      else socket.destroy();
    }, afterMs);
  });
}

test('clients at random neither end the gateway nor leave anything behind', async (t) => {
  const ofServices = createDice(SEED);
  const service = await startService(t, (req, res) => {
    const whim = ofServices(6);
    if (whim === 0) req.socket.destroy();
    else if (whim === 1) res.writeHead(503).end();
    else if (whim === 2) res.write('half an answer', () => req.socket.destroy());
    else setTimeout(() => res.end('x'.repeat(ofServices(100_000))), ofServices(30));
  });
  const verdict = { 'forward-auth': { url: service.url } };
  const timeouts = { headers: '500ms', idle: '500ms', total: '1s' };
  const gateway = await startGateway(t, {
    file: {
      defaults: { timeouts, websocket: true },
      services: { one: { targets: [service.url], circuitBreaker: { minimumRequests: 100_000 } } },
      routes: [
        { prefix: '/open', service: 'one', auth: 'none', bodyLimit: '2kb', concurrency: { perConsumer: 1000 } },
        { prefix: '/slow', service: 'one', auth: 'none', mirror: { service: 'one' } },
        { prefix: '/asked', service: 'one', auth: [verdict], rateLimits: [{ limit: 100, window: '1s' }] },
        { prefix: '/fixed', auth: 'none', respond: { status: 200, body: 'fixed' } },
      ],
    },
  });
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const dice = createDice(SEED + client);
    for (let count = 0; count < CONNECTIONS; count += 1) await visit(gateway.port, dice);
  });
  await Promise.all(clients);
  await until(() => gateway.gateway.inFlight === 0, { what: 'the end of every request' });
  await until(() => gateway.deps.sockets.size === 0, { what: 'the end of every WebSocket' });
  assert.equal((await ask(`${gateway.url}/fixed`)).status, 200);
  const { json: state } = await ask(`${gateway.adminUrl}/state`);
  for (const { inFlight } of Object.values<{ inFlight: number }>(state.services)) assert.equal(inFlight, 0);
  const broken = gateway.accessLines.filter((line) => line.includes('"code":"internal"'));
  assert.deepEqual(broken, []);
});
