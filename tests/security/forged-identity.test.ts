import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import jwt from 'jsonwebtoken';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { type SeenRequest, type StubService, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/**
 * The attack: a client says who it is in the words that only the gateway may use towards a service. Every forged value
 * holds this word, so whatever the service receives is searched for it.
 */
const FORGED = 'f0rged';
const SECRET = 'a secret of the tests that is longer than 32 bytes';
const KEY = createApiKey();

interface Setup {
  readonly gateway: TestGateway;
  readonly service: StubService;
}

async function setUp(t: Parameters<typeof startGateway>[0]): Promise<Setup> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { JWT_SECRET: SECRET },
    file: {
      consumers: [{ name: 'mobile-app', roles: ['reader'], keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }],
      routes: [
        { prefix: '/public', target: service.url, auth: 'none' },
        { prefix: '/private', target: service.url },
        { prefix: '/kept', target: service.url, auth: 'jwt', forwardCredentials: true },
      ],
    },
  });
  return { gateway, service };
}

function token(): string {
  return jwt.sign({ sub: 'u1', role: 'admin' }, SECRET, { algorithm: 'HS256', expiresIn: '1m' });
}

/** Sends a head as it is, and returns what the service received. */
async function sendRaw({ gateway, service }: Setup, lines: readonly string[], body = ''): Promise<SeenRequest> {
  const raw = await askRaw(
    gateway.port,
    `${lines.join('\r\n')}\r\nHost: a.example\r\nConnection: close\r\n\r\n${body}`,
  );
  assert.equal(statusOf(raw.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')), 200, raw);
  return service.requests.at(-1) as SeenRequest;
}

function assertNothingForged(seen: SeenRequest, what: string): void {
  assert.doesNotMatch(seen.rawHeaders.join('\n'), new RegExp(FORGED), what);
}

const RESERVED = [
  'X-User-Id',
  'X-User-Role',
  'x-consumer-name',
  'X-Consumer-Plan',
  'X-Internal-Admin',
  'X-Gateway-Trusted',
  'X-Gateway-Completed',
  'X-Auth-Method',
  'X-Auth-Anything',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-User',
  'X-Real-IP',
  'X-Request-Id',
  'X-Correlation-Id',
  'Forwarded',
  'X-Original-URL',
  'X-Rewrite-URL',
];

test('a field that only the gateway may say never reaches a service, in no spelling', async (t) => {
  const setup = await setUp(t);
  for (const name of RESERVED) {
    const spellings = [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'), name.replace('-', '_')];
    const fields = spellings.map((spelling) => `${spelling}: ${FORGED}-12345678`);
    assertNothingForged(await sendRaw(setup, ['GET /public/x HTTP/1.1', ...fields]), name);
  }
});

test('a forged field that stands twice is dropped both times, and our own stands once', async (t) => {
  const setup = await setUp(t);
  const seen = await sendRaw(setup, [
    'GET /private/x HTTP/1.1',
    `X-User-Id: ${FORGED}`,
    `X-API-Key: ${KEY}`,
    `X-Consumer-Name: ${FORGED}`,
    `x-consumer-name: ${FORGED}`,
    `X-User-Id: ${FORGED}`,
  ]);
  assertNothingForged(seen, 'doubled');
  assert.deepEqual(valuesOf(seen, 'x-consumer-name'), ['mobile-app']);
  assert.deepEqual(valuesOf(seen, 'x-user-role'), ['reader']);
});

test('names with an underscore are dropped: servers read them as dashes', async (t) => {
  const setup = await setUp(t);
  const seen = await sendRaw(setup, ['GET /public/x HTTP/1.1', `X_User_Id: ${FORGED}`, `Any_Name: ${FORGED}`]);
  assertNothingForged(seen, 'underscores');
});

test('Connection can not name away what the gateway says', async (t) => {
  const setup = await setUp(t);
  const own = ['x-consumer-name', 'x-user-role', 'x-auth-method', 'x-request-id', 'x-forwarded-for', 'x-real-ip'];
  const seen = await sendRaw(setup, [
    'GET /private/x HTTP/1.1',
    `X-API-Key: ${KEY}`,
    `Connection: ${own.join(', ')}, x-user-id, x-hop`,
    `X-Hop: ${FORGED}`,
  ]);
  assertNothingForged(seen, 'named by Connection');
  for (const name of own) assert.equal(valuesOf(seen, name).length, 1, name);
  assert.equal(seen.headers['x-consumer-name'], 'mobile-app');
});

test('Expect: 100-continue opens no way round', async (t) => {
  const setup = await setUp(t);
  const seen = await sendRaw(
    setup,
    ['POST /public/x HTTP/1.1', 'Expect: 100-continue', `X-User-Id: ${FORGED}`, 'Content-Length: 2'],
    'hi',
  );
  assertNothingForged(seen, 'with Expect');
  assert.equal(seen.headers['expect'], undefined);
  assert.equal(seen.body.toString(), 'hi');
});

test('a request for an upgrade is cleaned as any other', async (t) => {
  const service = await startLyingService(t, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', target: service.url, auth: 'none', websocket: true }] },
  });
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade, X-Request-Id, x-hop\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Hop: ${FORGED}\r\n` +
      `X-User-Id: ${FORGED}\r\nX_User_Id: ${FORGED}\r\nX-Forwarded-For: ${FORGED}\r\nX-Internal-Admin: ${FORGED}\r\n\r\n`,
  );
  await once(socket, 'data');
  const received = await until(() => service.received[0]);
  assert.doesNotMatch(received, new RegExp(FORGED));
  assert.match(received, /x-forwarded-for: 127\.0\.0\.1\r\n/i);
  assert.match(received, /x-request-id: [\w-]{36}\r\n/i);
});

test('on a protected route the service is told who the token proves, and not what the client says', async (t) => {
  const { gateway, service } = await setUp(t);
  await ask(`${gateway.url}/private/x`, {
    headers: {
      authorization: `Bearer ${token()}`,
      'X-User-Id': FORGED,
      'X-User-Role': FORGED,
      'X-Auth-Method': FORGED,
    },
  });
  const [seen] = service.requests;
  assert.equal(seen?.headers['x-user-id'], 'u1');
  assert.equal(seen.headers['x-user-role'], 'admin');
  assert.equal(seen.headers['x-auth-method'], 'jwt');
});

test('the credential stops at the gateway', async (t) => {
  const { gateway, service } = await setUp(t);
  const headers = { authorization: `Bearer ${token()}`, 'x-api-key': KEY };
  assert.equal((await ask(`${gateway.url}/private/x`, { headers })).status, 200);
  assert.equal(service.requests[0]?.headers['authorization'], undefined);
  assert.equal(service.requests[0]?.headers['x-api-key'], undefined);
});

test('the credential is sent on where the route says so', async (t) => {
  const { gateway, service } = await setUp(t);
  const authorization = `Bearer ${token()}`;
  assert.equal((await ask(`${gateway.url}/kept/x`, { headers: { authorization } })).status, 200);
  assert.equal(service.requests[0]?.headers['authorization'], authorization);
});

test('a public route leaves Authorization to the service, whatever is in it', async (t) => {
  const { gateway, service } = await setUp(t);
  const headers = { authorization: 'Bearer not.ours.atall', 'x-api-key': 'theirs' };
  assert.equal((await ask(`${gateway.url}/public/x`, { headers })).status, 200);
  assert.equal(service.requests[0]?.headers['authorization'], 'Bearer not.ours.atall');
  assert.equal(service.requests[0]?.headers['x-api-key'], 'theirs');
});

test('a trusted peer is believed about the client and the request, and about nothing else', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    env: { TRUST_PROXY: '127.0.0.0/8' },
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
  });
  const answer = await ask(`${gateway.url}/x`, {
    headers: {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'api.example',
      'x-request-id': 'from-the-balancer',
      'x-user-id': FORGED,
      'x-forwarded-user': FORGED,
    },
  });
  const seen = service.requests[0] as SeenRequest;
  assertNothingForged(seen, 'from a trusted peer');
  assert.equal(answer.headers['x-request-id'], 'from-the-balancer');
  assert.equal(seen.headers['x-forwarded-for'], '203.0.113.9, 127.0.0.1');
  assert.equal(seen.headers['x-real-ip'], '203.0.113.9');
  assert.equal(seen.headers['x-forwarded-proto'], 'https');
  assert.equal(seen.headers['x-forwarded-host'], 'api.example');
});

function valuesOf({ rawHeaders }: SeenRequest, name: string): string[] {
  return rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
