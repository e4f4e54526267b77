import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/**
 * The attack: a bad request behind good ones takes their answers away, or a bad body its own. What was asked before is
 * answered first, in order; then comes the refusal, then the end of the connection.
 */
async function setUp(t: Parameters<typeof startGateway>[0]) {
  const service = await startService(t, (_req, res, { path }) => {
    const body = path === '/large' ? 'x'.repeat(3_000_000) : `answer to ${path}`;
    setTimeout(() => res.end(body), path === '/0' ? 100 : 0);
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/api', target: service.url, auth: 'none' },
        { prefix: '/private', target: service.url, auth: 'jwt' },
      ],
    },
  });
  return { gateway, service };
}

const good = (count: number, path = ''): string =>
  Array.from({ length: count }, (_, index) => `GET /api/${path || index} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');

const statuses = (raw: string): readonly number[] =>
  [...raw.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((one) => Number(one[1]));

const BAD: Readonly<Record<string, readonly [bytes: string, status: number]>> = {
  'a bad header': ['GET /api/bad HTTP/1.1\r\nHost: a\r\nX Odd: 1\r\n\r\n', 400],
  garbage: ['\u0016\u0003\u0001\r\n\r\n', 400],
  'too many header bytes': [`GET /api/bad HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  'both framings': [
    'POST /api/bad HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  'two Hosts': ['GET /api/bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  CONNECT: ['CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n', 405],
  'a CONNECT with a body': [
    'CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\nContent-Length: 9\r\n\r\nabc',
    405,
  ],
  'an unknown Expect': ['GET /api/bad HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n', 400],
  'a broken chunk': ['POST /api/bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
};

for (const [name, [bytes, status]] of Object.entries(BAD)) {
  test(`25 good requests before ${name} are answered first, and what comes behind it is not read`, async (t) => {
    const { gateway, service } = await setUp(t);
    const raw = await askRaw(gateway.port, good(25) + bytes + good(1, 'behind'));
    assert.deepEqual(statuses(raw), [...Array<number>(25).fill(200), status], raw.slice(-500));
    assert.deepEqual(
      raw.match(/answer to \/\d+/g),
      Array.from({ length: 25 }, (_, index) => `answer to /${index}`),
    );
    assert.match(raw.slice(raw.lastIndexOf('answer to')), /^connection: close\r$/im);
    await until(() => gateway.accessLines.length === 26);
    await until(() => gateway.gateway.inFlight === 0);
    assert.ok(!service.requests.some(({ path }) => path === '/behind' || path === '/bad'));
  });
}

test('a large answer that is owed is not stopped by a CONNECT behind it', async (t) => {
  const { gateway } = await setUp(t);
  const raw = await askRaw(
    gateway.port,
    `${good(2, 'large')}CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n`,
  );
  assert.deepEqual(statuses(raw), [200, 200, 405]);
  assert.ok(raw.length > 6_000_000);
});

for (const [path, status] of [
  ['/private/a', 401],
  ['/nowhere', 404],
] as const) {
  test(`a broken chunk on a route that answers ${status} doesn't take that answer away`, async (t) => {
    const { gateway } = await setUp(t);
    const raw = await askRaw(
      gateway.port,
      `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    );
    assert.deepEqual(statuses(raw), [status], raw);
    assert.match(raw, /"requestId":/);
    assert.equal((await gateway.line({ path })).status, status);
  });
}

test('a body that breaks while it is sent on is answered, and is no failure of the service', async (t) => {
  const { gateway } = await setUp(t);
  const head = 'POST /api/upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
  const raw = await askRaw(gateway.port, `${head}zz\r\n`);
  assert.equal(statusOf(raw), 400, raw);
  const line = await gateway.line({ path: '/api/upload' });
  assert.deepEqual([line['code'], line['source'], line['outcome']], ['bad_framing', 'client', 'aborted-by-client']);
});

test('a request behind one that asks for the end of the connection takes nothing away', async (t) => {
  const { gateway, service } = await setUp(t);
  const closing = 'GET /api/0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const raw = await askRaw(gateway.port, closing + good(1, 'behind'));
  assert.deepEqual(statuses(raw), [200]);
  assert.equal(service.requests.length, 1);
});
