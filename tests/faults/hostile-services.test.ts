import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type Lie, startLyingService, startService } from '../support/service.ts';

const OPEN = { auth: 'none', timeouts: { connect: '1s', headers: '500ms', idle: '500ms', total: '1s' } };

/** A gateway before one service that lies, and another that does not. */
async function setUp(
  t: Parameters<typeof startGateway>[0],
  lies: Lie | readonly Lie[],
  route: object = {},
): Promise<TestGateway> {
  const liar = await startLyingService(t, lies);
  const honest = await startService(t);
  return startGateway(t, {
    file: {
      routes: [
        { prefix: '/liar', target: liar.url, ...OPEN, ...route },
        { prefix: '/honest', target: honest.url, ...OPEN },
      ],
    },
  });
}

const REFUSED: readonly (readonly [name: string, lie: Lie, status: number])[] = [
  ['status 099', 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['status 000', 'HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['status 600', 'HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['status 1000', 'HTTP/1.1 1000 Odd\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['a control character in a header value', 'HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['an invalid header name', 'HTTP/1.1 200 OK\r\nX Odd: a\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['a Trailer where none can be', 'HTTP/1.1 200 OK\r\nTrailer: X-A\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['an unasked 101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', 502],
  ['garbage', '\x00\xff not http at all\r\n\r\n', 502],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 502],
  ['Content-Length twice, differing', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhi', 502],
  [
    'Content-Length with chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    502,
  ],
  ['headers of 64 KiB', `HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(64 * 1024)}\r\nContent-Length: 2\r\n\r\nhi`, 502],
  ['a reset before the headers', (socket) => socket.resetAndDestroy(), 502],
  ['a close before the headers', (socket) => socket.end(), 502],
  ['half a head and then a close', (socket) => socket.end('HTTP/1.1 200 OK\r\nConte'), 502],
  ['no answer', () => undefined, 504],
  ['half a head and then nothing', 'HTTP/1.1 200 OK\r\nConte', 504],
];

for (const [name, lie, status] of REFUSED) {
  test(`a service that sends ${name} becomes ${status}, and the gateway goes on`, async (t) => {
    const gateway = await setUp(t, lie);
    const answer = await ask(`${gateway.url}/liar/x`);
    assert.equal(answer.status, status);
    assert.match(String(answer.headers['content-type']), /problem\+json/);
    assert.match(String(answer.headers['proxy-status']), /^turnpike; error=/);
    assert.equal((await ask(`${gateway.url}/honest/x`)).status, 200);
  });
}

test('chunked trailers of a service end at the gateway', async (t) => {
  const gateway = await setUp(
    t,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Odd\r\n\r\n2\r\nhi\r\n0\r\nX-Odd: 1\r\n\r\n',
  );
  const answer = await ask(`${gateway.url}/liar/x`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'hi');
  assert.equal(answer.headers['trailer'], undefined);
});

const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const INTERIM: Readonly<Record<string, Lie>> = {
  '103 Early Hints': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${FINAL}`,
  '100 Continue that nobody asked for': `HTTP/1.1 100 Continue\r\n\r\n${FINAL}`,
  'three of them': `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3)}${FINAL}`,
  '100 Continue in a packet of its own': (socket) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\n', () => setTimeout(() => socket.write(FINAL), 30));
  },
};
for (const [name, lie] of Object.entries(INTERIM)) {
  test(`an interim answer is waited over: ${name}`, async (t) => {
    const gateway = await setUp(t, lie);
    for (let call = 1; call <= 3; call += 1) {
      const answer = await ask(`${gateway.url}/liar/x`, { method: 'POST', body: 'hello' });
      assert.deepEqual([answer.status, answer.text], [200, 'hi']);
    }
  });
}

test('a service that says nothing but 100 Continue runs into the deadline of its headers', async (t) => {
  const gateway = await setUp(t, (socket) => {
    const interval = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 5);
    socket.on('close', () => clearInterval(interval));
  });
  assert.equal((await ask(`${gateway.url}/liar/x`)).status, 504);
});

const BROKEN_OFF: readonly (readonly [name: string, lie: Lie])[] = [
  ['resets in mid-body', (socket) => breakOff(socket, 'Content-Length: 100', (it) => it.resetAndDestroy())],
  ['ends in mid-body', (socket) => breakOff(socket, 'Content-Length: 100', (it) => it.end())],
  ['ends in mid-chunk', (socket) => breakOff(socket, 'Transfer-Encoding: chunked', (it) => it.end())],
  ['stalls in mid-body', (socket) => breakOff(socket, 'Content-Length: 100', () => undefined)],
  [
    'sends a chunk that is none',
    (socket) => breakOff(socket, 'Transfer-Encoding: chunked', (it) => it.write('zz\r\n\r\n')),
  ],
];

function breakOff(socket: Socket, framing: string, then: (socket: Socket) => void): void {
  const body = framing.startsWith('T') ? '5\r\nhello\r\n' : 'hello';
  socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${body}`, () => setTimeout(() => then(socket), 30));
}

for (const [name, lie] of BROKEN_OFF) {
  test(`a service that ${name} breaks off the client's connection, never a clean end`, async (t) => {
    const gateway = await setUp(t, lie);
    await assert.rejects(ask(`${gateway.url}/liar/x`), /aborted|ECONNRESET|socket hang up/);
    const line = await gateway.line({ path: '/liar/x' });
    assert.equal(line['source'], 'upstream');
    assert.equal((await ask(`${gateway.url}/honest/x`)).status, 200);
  });
}

test('a body longer than its Content-Length is not passed on', async (t) => {
  const gateway = await setUp(
    t,
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, and a smuggled HTTP/1.1 200 OK\r\n\r\n',
  );
  const answer = await ask(`${gateway.url}/liar/x`).catch((error: Error) => error);
  if (!(answer instanceof Error)) assert.equal(answer.text, 'hi');
  assert.equal((await ask(`${gateway.url}/honest/x`)).status, 200);
});

test('hop-by-hop fields and what a service is made of do not reach the client', async (t) => {
  const gateway = await setUp(
    t,
    'HTTP/1.1 200 OK\r\nServer: nginx/1.2\r\nX-Powered-By: PHP\r\nX-Internal-Node: 7\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nX-Kept: yes\r\nContent-Length: 2\r\n\r\nhi',
  );
  const { headers } = await ask(`${gateway.url}/liar/x`);
  for (const name of ['server', 'x-powered-by', 'x-internal-node', 'x-hop'])
    assert.equal(headers[name], undefined, name);
  assert.doesNotMatch(String(headers['keep-alive']), /timeout=9/);
  assert.equal(headers['x-kept'], 'yes');
});

test('a thousand malformed requests leave no connection to the service unusable', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] } });
  const odd: Record<string, string>[] = [
    { expect: 'odd' },
    { connection: 'x, , ;' },
    { 'keep-alive': 'x' },
    { te: 'trailers, deflate;q=0.5' },
    { 'transfer-encoding': 'gzip, chunked' },
    { upgrade: 'x/1', connection: 'upgrade' },
    { 'x-latin': 'caf\xe9' },
    { 'proxy-connection': 'close' },
  ];
  for (let i = 0; i < 1_000; i += 8) {
    await Promise.all(odd.map((headers) => ask(`${gateway.url}/x`, { headers }).catch(() => undefined)));
  }
  assert.equal((await ask(`${gateway.url}/good`)).status, 200);
});

test('forty clients that leave in a row do not open the breaker', async (t) => {
  let isSlow = true;
  const service = await startService(t, (_req, res) => {
    if (!isSlow) res.end('ok');
  });
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] } });
  for (let i = 0; i < 40; i++) {
    await new Promise<void>((resolve) => {
      const req = request(`${gateway.url}/x`);
      req.on('error', () => resolve());
      req.end();
      const before = service.requests.length;
      const timer = setInterval(() => {
        if (service.requests.length === before) return;
        clearInterval(timer);
        req.destroy();
      }, 2);
    });
  }
  isSlow = false;
  assert.equal((await ask(`${gateway.url}/x`)).status, 200);
  assert.match(await gateway.metrics(), /turnpike_breaker_state\{[^}]*\} 0/);
});

test('a service that always fails opens the circuit, and a good trial closes it', async (t) => {
  let isFailing = true;
  const service = await startService(t, (_req, res) => {
    res.statusCode = isFailing ? 500 : 200;
    res.end();
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', circuitBreaker: { openFor: '200ms' } }] },
  });
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) statuses.push((await ask(`${gateway.url}/x`)).status);
  assert.deepEqual(statuses, [500, 500, 500, 500, 500, 503, 503, 503]);
  const refused = await ask(`${gateway.url}/x`);
  assert.equal(refused.json.code, 'circuit_open');
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  const line = await gateway.line({ path: '/x', status: 503 });
  assert.deepEqual([line['service'], line['attempts']], [service.url, undefined]);
  const why = / opened \d+ s ago, after 5 of 5 calls had failed; (?:the next trial is in 1 s|a trial is under way)\.$/;
  assert.match(String(line['detail']), why);
  assert.doesNotMatch(refused.text, /5 of 5/);
  isFailing = false;
  const began = performance.now();
  for (;;) {
    const { status } = await ask(`${gateway.url}/x`);
    if (status === 200) break;
    assert.ok(performance.now() - began < 5_000, 'the circuit never closed');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await ask(`${gateway.url}/x`)).status, 200);
});
