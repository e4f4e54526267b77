import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { type AccessLine, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { openWire } from '../support/wire.ts';

const OPEN = { auth: 'none' };
const SECRET = 'a-secret-of-at-least-32-characters!!';

async function lineOf(
  gateway: TestGateway,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ line: AccessLine; text: string }> {
  const { text } = await ask(gateway.url + path, { headers });
  return { line: await gateway.line({ path }), text };
}

test('a 401 and a 403 say why in the log', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/jwt', auth: 'jwt', respond: { status: 204 } },
        { prefix: '/inside', ...OPEN, ipDeny: ['127.0.0.0/8'], respond: { status: 204 } },
      ],
    },
    env: { JWT_SECRET: SECRET },
  });
  const { line: none } = await lineOf(gateway, '/jwt/none');
  assert.deepEqual([none.status, none['code'], typeof none['detail']], [401, 'unauthenticated', 'string']);
  const { line: wrong } = await lineOf(gateway, '/jwt/wrong', { authorization: 'Bearer abc.def.ghi' });
  assert.deepEqual([wrong.status, wrong['code']], [401, 'invalid_credential']);
  assert.match(String(wrong['detail']), /token/i);
  assert.doesNotMatch(JSON.stringify(wrong), /abc\.def/);
  const { line: refused } = await lineOf(gateway, '/inside/x');
  assert.deepEqual([refused.status, refused['code'], typeof refused['detail']], [403, 'address_refused', 'string']);
});

test('a token of another issuer or for another audience: the log says which, and the client is not told', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      issuers: [{ issuer: 'https://login.example', audience: 'api', secret: SECRET }],
      routes: [{ prefix: '/jwt', auth: 'jwt', respond: { status: 204 } }],
    },
  });
  const sign = (claims: object) => jwt.sign({ sub: 'u1', ...claims }, SECRET, { expiresIn: '1h' });
  for (const [path, claims, told, logged] of [
    [
      '/jwt/iss',
      { iss: 'https://login.example/', aud: 'api' },
      'The token comes from an issuer that is not accepted',
      'its iss is "https://login.example/", expected "https://login.example"',
    ],
    [
      '/jwt/aud',
      { iss: 'https://login.example', aud: 'web' },
      'The token is meant for another audience',
      'its aud is "web", expected "api"',
    ],
  ] as const) {
    const token = sign(claims);
    const { line, text } = await lineOf(gateway, path, { authorization: `Bearer ${token}` });
    assert.equal(JSON.parse(text).detail, `${told}.`);
    assert.equal(line['detail'], `${told}: ${logged}.`);
    assert.ok(!JSON.stringify(line).includes(token.split('.')[1] as string));
  }
  const { line } = await lineOf(gateway, '/jwt/odd', { authorization: `Bearer ${sign({ iss: sign({}) })}` });
  assert.match(String(line['detail']), /its iss is "\*\*\*"/);
});

test('a credential of another kind is told from none', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'app', keys: [{ id: 'k', sha256: 'a'.repeat(64) }] }],
      routes: [
        { prefix: '/jwt', auth: 'jwt', respond: { status: 204 } },
        { prefix: '/key', auth: 'api-key', respond: { status: 204 } },
      ],
    },
    env: { JWT_SECRET: SECRET },
  });
  const { line: key, text } = await lineOf(gateway, '/jwt/a', { 'x-api-key': 'tpk_something' });
  assert.equal(key['detail'], 'An API key was sent, and this route takes jwt.');
  assert.match(text, /An API key was sent/);
  assert.doesNotMatch(text + JSON.stringify(key), /tpk_/);
  const { line: token } = await lineOf(gateway, '/key/a', { authorization: 'Bearer eyJhbGciOi.eyJzdWIi.c2ln' });
  assert.equal(token['detail'], 'A token was sent, and this route takes api-key.');
  const { line: none } = await lineOf(gateway, '/key/b');
  assert.doesNotMatch(String(none['detail']), /was sent/);
});

test('a 404 names the nearest route in the log, and to nobody else', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: ['/api/users', '/api/orders/:id/items', '/shop'].map((prefix) => ({
        prefix,
        respond: { status: 204 },
        ...OPEN,
      })),
    },
  });
  for (const [path, nearest] of [
    ['/api/user', '/api/users'],
    ['/API/Users/7', '/api/users'],
    ['/users/7', '/api/users'],
    ['/api/order/7/items', '/api/orders/:id/items'],
    ['/shopp', '/shop'],
    ['/wp-admin/setup.php', undefined],
  ] as const) {
    const { line, text } = await lineOf(gateway, path);
    assert.deepEqual([line.status, line['nearestRoute']], [404, nearest], path);
    assert.doesNotMatch(text, /nearest|\/api\/users"|orders\/:id|\/shop"/);
  }
});

async function upload(t: TestContext, gateway: TestGateway, path: string): Promise<AccessLine> {
  const wire = openWire(t, gateway.port);
  wire.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
  for (let i = 0; i < 4; i++) wire.write(chunk);
  await wire.gets(/HTTP\/1\.1 413 /);
  wire.socket.resetAndDestroy();
  return gateway.line({ path });
}

test('an upload that is refused in its middle is a 413 in the log, though its client leaves at once', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [{ prefix: '/up', target: service.url, bodyLimit: '2kb', ...OPEN }],
    },
  });
  const line = await upload(t, gateway, '/up/a');
  assert.deepEqual([line.status, line['code'], line['aborted']], [413, 'body_too_large', undefined]);
  assert.match(String(line['detail']), /2048 bytes/);
  assert.match(await gateway.metrics(), /turnpike_requests_total\{[^}]*status="413"[^}]*\} 1/);
});

test('an answer took until all of it was sent, however long the refused upload is taken in after it', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/up', name: 'up', bodyLimit: '2kb', respond: { status: 204 }, ...OPEN }] },
  });
  const wire = openWire(t, gateway.port);
  const startedAtMs = performance.now();
  wire.write('POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n');
  await wire.gets(/HTTP\/1\.1 413 [\s\S]*body_too_large/);
  const tookMs = performance.now() - startedAtMs;
  await wire.closed();
  const { status, totalMs, gatewayMs } = await gateway.line({ path: '/up' });
  assert.equal(status, 413);
  // One clock, and the answer was sent before it came: this holds on the slowest machine.
  assert.ok((totalMs as number) <= tookMs, `${totalMs} ms, and it was there after ${tookMs} ms`);
  assert.equal(gatewayMs, totalMs);
  const metrics = await gateway.metrics();
  for (const name of ['request', 'gateway']) {
    const [, seconds] =
      new RegExp(`turnpike_${name}_duration_seconds_sum\\{[^}]*"up"[^}]*\\} (\\S+)`).exec(metrics) ?? [];
    assert.ok(Number(seconds) * 1000 <= tookMs, `${name}: ${seconds} s`);
  }
});
