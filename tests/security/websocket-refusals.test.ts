import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { askSocket, handshakeBytes, openSocket, startSocketService } from '../support/websocket.ts';

/**
 * The attack: a WebSocket as a way around what stands before a service. Every refusal is a whole HTTP answer, and not a
 * byte goes to the service.
 */
const env = { JWT_SECRET: SECRET };
const bearer = (claims: object) => ({
  authorization: `Bearer ${jwt.sign({ sub: 'u1', ...claims }, SECRET, { expiresIn: 60 })}`,
});

test('without a credential, without the role, and off the routes there is no WebSocket', async (t) => {
  const service = await startSocketService(t);
  const routes = [
    { prefix: '/ws', target: service.url, auth: 'jwt', websocket: true },
    { prefix: '/admin', target: service.url, auth: 'jwt', authorize: { roles: { any: ['admin'] } }, websocket: true },
  ];
  const gateway = await startGateway(t, { env, file: { routes } });
  const cases = [
    { path: '/ws', headers: {}, status: 401, code: 'unauthenticated' },
    { path: '/ws', headers: { authorization: 'Bearer nonsense' }, status: 401, code: 'invalid_credential' },
    { path: '/admin', headers: bearer({ role: 'reader' }), status: 403, code: 'forbidden' },
    { path: '/nowhere', headers: bearer({}), status: 404, code: 'not_found' },
  ];
  for (const { path, headers, status, code } of cases) {
    const refusal = await askSocket(t, gateway.url + path, { headers });
    assert.equal(refusal.status, status);
    assert.equal(refusal.headers['content-type'], 'application/problem+json');
    assert.equal(refusal.headers['x-content-type-options'], 'nosniff');
    assert.equal(JSON.parse(refusal.text).code, code);
    assert.equal(refusal.headers['x-request-id'], JSON.parse(refusal.text).requestId);
    await gateway.line({ path, status });
  }
  assert.equal(service.requests.length, 0);
  await openSocket(t, `${gateway.url}/admin`, { headers: bearer({ role: 'admin' }) });
  assert.equal(service.requests.length, 1);
});

test('a foreign page opens no WebSocket; an allowed one, the own one and a program do', async (t) => {
  const service = await startSocketService(t);
  const route = { prefix: '/ws', target: service.url, auth: 'none', websocket: true };
  const gateway = await startGateway(t, {
    env: { CORS_ORIGINS: 'https://app.example' },
    file: { routes: [route, { ...route, prefix: '/own', websocket: { origins: 'https://other.example' } }] },
  });
  for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example', 'http://app.example']) {
    const { status, text } = await askSocket(t, `${gateway.url}/ws`, { headers: { origin } });
    assert.equal(status, 403, origin);
    const { code, detail } = JSON.parse(text);
    assert.equal(code, 'origin_refused');
    for (const remedy of ['websocket.origins', 'cors.origins', 'CORS_ORIGINS'])
      assert.ok(detail.includes(remedy), detail);
  }
  assert.equal((await askSocket(t, `${gateway.url}/own`, { origin: 'https://app.example' })).status, 403);
  assert.equal(service.requests.length, 0);
  await openSocket(t, `${gateway.url}/own`, { origin: 'https://other.example' });
  for (const origin of ['https://app.example', gateway.url]) await openSocket(t, `${gateway.url}/ws`, { origin });
  await openSocket(t, `${gateway.url}/ws`);
});

test('pages that the CORS of a route names open its WebSockets, and no others, unless `origins` says otherwise', async (t) => {
  const service = await startSocketService(t);
  const route = { prefix: '/ws', target: service.url, auth: 'none', websocket: true };
  const cors = { origins: ['https://app.example'], credentials: true };
  const gateway = await startGateway(t, {
    env: { CORS_ORIGINS: 'https://everywhere.example' },
    file: {
      routes: [
        { ...route, cors },
        { ...route, prefix: '/plain', cors: { origins: ['https://app.example'] } },
        { ...route, prefix: '/services', cors: false },
        { ...route, prefix: '/readable', cors: { origins: '*' } },
        { ...route, prefix: '/narrow', cors, websocket: { origins: 'https://other.example' } },
      ],
    },
  });
  await openSocket(t, `${gateway.url}/ws`, { origin: 'https://app.example' });
  await openSocket(t, `${gateway.url}/plain`, { origin: 'https://app.example' });
  await openSocket(t, `${gateway.url}/services`, { origin: 'https://everywhere.example' });
  assert.equal(service.requests.length, 3);
  for (const [path, origin] of [
    ['/ws', 'https://evil.example'],
    ['/ws', 'https://everywhere.example'],
    ['/plain', 'https://everywhere.example'],
    ['/readable', 'https://app.example'],
    ['/narrow', 'https://app.example'],
  ] as const)
    assert.equal((await askSocket(t, gateway.url + path, { headers: { origin } })).status, 403, path);
  assert.equal(service.requests.length, 3);
});

test('a page that is refused for its origin costs its victim no quota', async (t) => {
  const service = await startSocketService(t);
  const route = {
    prefix: '/ws',
    target: service.url,
    auth: 'none',
    websocket: true,
    rateLimits: [{ limit: 1, window: '1h' }],
  };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  for (let i = 0; i < 3; i++) {
    assert.equal((await askSocket(t, `${gateway.url}/ws`, { origin: 'https://evil.example' })).status, 403);
  }
  await openSocket(t, `${gateway.url}/ws`);
  const over = await askSocket(t, `${gateway.url}/ws`);
  assert.equal(over.status, 429);
  assert.equal(JSON.parse(over.text).code, 'rate_limited');
  assert.ok(Number(over.headers['retry-after']) >= 1);
});

test('a consumer opens no more WebSockets than it may, however many it asks for at once', async (t) => {
  const service = await startSocketService(t);
  const route = { prefix: '/ws', target: service.url, auth: 'jwt', websocket: { perConsumer: 3 } };
  const gateway = await startGateway(t, { env, file: { routes: [route] } });
  const ada = { headers: bearer({ sub: 'ada' }) };
  const settled = await Promise.allSettled(Array.from({ length: 12 }, () => openSocket(t, `${gateway.url}/ws`, ada)));
  const opened = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  assert.equal(opened.length, 3);
  assert.equal(service.requests.length, 3);
  const refusal = await askSocket(t, `${gateway.url}/ws`, ada);
  assert.equal(refusal.status, 429);
  assert.equal(JSON.parse(refusal.text).code, 'too_many_concurrent');
  assert.ok(Number(refusal.headers['retry-after']) >= 1);
  await openSocket(t, `${gateway.url}/ws`, { headers: bearer({ sub: 'bob' }) });
  opened[0]?.close();
  await gateway.line({ status: 101 });
  await openSocket(t, `${gateway.url}/ws`, ada);
});

test('a handshake that the service refused gives its place back', async (t) => {
  let refusal: string | undefined =
    'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nX-Powered-By: php\r\nContent-Length: 8\r\n\r\nnot here';
  const service = await startSocketService(t, { refuseWith: () => refusal });
  const route = { prefix: '/ws', target: service.url, auth: 'none', websocket: { perConsumer: 1 } };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  const answer = await askSocket(t, `${gateway.url}/ws`);
  assert.equal(answer.status, 403);
  assert.equal(answer.text, 'not here');
  assert.equal(answer.headers['content-type'], 'text/plain');
  assert.equal(answer.headers['x-powered-by'], undefined);
  await gateway.line({ status: 403 });
  refusal = undefined;
  await openSocket(t, `${gateway.url}/ws`);
});

test('an Upgrade field is no way around the limit of calls in flight', async (t) => {
  const answers: ServerResponse[] = [];
  const slow = await startService(t, (_req, res) => answers.push(res));
  const service = await startSocketService(t);
  const route = { prefix: '/plain', target: slow.url, auth: 'none', concurrency: { perConsumer: 1 } };
  const routes = [route, { ...route, prefix: '/ws', target: service.url, websocket: true }];
  const gateway = await startGateway(t, { file: { routes } });
  const held = askRaw(gateway.port, handshakeBytes('/plain'));
  await until(() => answers.length === 1);
  assert.match(await askRaw(gateway.port, handshakeBytes('/plain')), /^HTTP\/1\.1 429 /);
  answers[0]?.end();
  assert.match(await held, /^HTTP\/1\.1 200 /);
  // An open WebSocket is no call in flight.
  await openSocket(t, `${gateway.url}/ws`);
  await openSocket(t, `${gateway.url}/ws`);
});

test('what is no valid handshake never becomes a tunnel: it is served as a plain request', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true }] },
  });
  const good = handshakeBytes('/ws');
  const smuggled = 'GET /admin HTTP/1.1\r\nHost: internal\r\n\r\n';
  const bad = {
    'another version': good.replace('Version: 13', 'Version: 1337'),
    'no key': good.replace(/Sec-WebSocket-Key: [^\r]*\r\n/, ''),
    'a key that is none': good.replace(/Key: [^\r]*/, 'Key: short'),
    'a POST': good.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'),
    'a body': good.replace('\r\n\r\n', `\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    const raw = await askRaw(gateway.port, bytes.replace('Connection: Upgrade', 'Connection: Upgrade, close'));
    assert.match(raw, /^HTTP\/1\.1 200 /, name);
    assert.doesNotMatch(raw, /admin|"upgrade"/, name);
  }
  assert.equal(service.requests.length, 0);
});

test('a refusal reaches a client that has sent frames already', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, {
    env,
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'jwt', websocket: true }] },
  });
  const client = connect(gateway.port, '127.0.0.1');
  t.after(() => client.destroy());
  const faults: Error[] = [];
  client.on('error', (error) => faults.push(error));
  let received = '';
  client.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  client.write(handshakeBytes('/ws'));
  client.write(Buffer.alloc(256 * 1024, 1));
  await until(() => received.includes('"unauthenticated"'));
  assert.match(received, /^HTTP\/1\.1 401 /);
  assert.deepEqual(faults, []);
  await until(() => client.destroyed || client.readableEnded);
  assert.equal((await ask(`${gateway.url}/health`)).status, 200);
});

test('a handshake over HTTP/1.0, or that gives up a field which it needs, is served plainly; an odd one is refused', async (t) => {
  const service = await startSocketService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true }] },
  });
  const bytes = handshakeBytes('/ws/x');
  const connection = (names: string) => bytes.replace('Connection: Upgrade', `Connection: ${names}`);
  for (const [handshake, status] of [
    [bytes.replace('HTTP/1.1', 'HTTP/1.0'), 200],
    [connection('Upgrade, Sec-WebSocket-Key'), 200],
    [connection('sec-websocket-version , Upgrade'), 200],
    [connection('Upgrade\r\nConnection: Sec-WebSocket-Key'), 200],
    [handshakeBytes('/ws/x', ['Expect: foo']), 400],
    [bytes.replace('Host: gateway.test', 'Host: '), 400],
  ] as const) {
    const raw = await askRaw(gateway.port, handshake);
    assert.match(raw, new RegExp(`^HTTP/1\\.1 ${status} `), handshake);
    assert.match(raw, /^connection: close\r$/im);
  }
  assert.equal(service.requests.length, 0);
});
