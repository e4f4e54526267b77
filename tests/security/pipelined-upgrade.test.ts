import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * The attack: a handshake is pipelined behind a request that still waits for its answer. Node hands the connection
 * over at once, and whoever puts a second response on it throws outside of any request: one packet ends the process.
 */
const SLOW = 'GET /api/slow HTTP/1.1\r\nHost: a.example\r\n\r\n';

const handshake = (path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: a.example',
    'Connection: Upgrade, close',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');

async function setUp(t: Parameters<typeof startGateway>[0]) {
  const service = await startService(t, (_req, res, { path }) => {
    if (path === '/slow') setTimeout(() => res.end('the slow answer'), 100);
    else res.end('the other answer');
  });
  return startGateway(t, {
    file: {
      routes: [
        { prefix: '/api', target: service.url, auth: 'none', websocket: true },
        { prefix: '/private', target: service.url, auth: 'jwt', websocket: true },
      ],
    },
  });
}

test('a handshake behind a request under way is answered as a plain request, after the first', async (t) => {
  const gateway = await setUp(t);
  const raw = await askRaw(gateway.port, SLOW + handshake('/api/socket'));
  assert.deepEqual(raw.match(/HTTP\/1\.1 \d{3}|the \w+ answer/g), [
    'HTTP/1.1 200',
    'the slow answer',
    'HTTP/1.1 200',
    'the other answer',
  ]);
});

test('a handshake behind a request under way still meets the stages that guard its route', async (t) => {
  const gateway = await setUp(t);
  const raw = await askRaw(gateway.port, SLOW + handshake('/private/socket'));
  assert.deepEqual(raw.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 200', 'HTTP/1.1 401']);
});

test('a refused handshake says that nothing behind it will be answered', async (t) => {
  const gateway = await setUp(t);
  const raw = await askRaw(gateway.port, handshake('/private/socket').replace(', close', '') + SLOW);
  assert.deepEqual(raw.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 401']);
  assert.match(raw, /^connection: close\r$/im);
});

test('CONNECT behind a request under way ends that connection and nothing else', async (t) => {
  const gateway = await setUp(t);
  await askRaw(gateway.port, `${SLOW}CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n`);
  assert.equal((await ask(`${gateway.url}/api/x`)).status, 200);
});
