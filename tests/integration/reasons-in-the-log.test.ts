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

test('a 404 says for which host it was, and which condition of the route did not fit', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/api', hosts: 'api.example', respond: { status: 204 }, ...OPEN },
        { prefix: '/form', methods: ['POST'], respond: { status: 204 }, ...OPEN },
      ],
    },
  });
  const wire = openWire(t, gateway.port);
  wire.write(`GET /api/x HTTP/1.1\r\nHost: other.example:8080\r\n\r\n`);
  await wire.gets(/HTTP\/1\.1 404 /);
  const line = await gateway.line({ path: '/api/x' });
  assert.deepEqual([line['host'], line['nearestRoute'], line['nearestWants']], ['other.example:8080', '/api', 'hosts']);
  assert.equal((await lineOf(gateway, '/form')).line['host'], undefined, 'a 405');
});

test('a 405 says which methods the path takes, and whose they are', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/form', methods: ['POST', 'PUT'], respond: { status: 204 }, ...OPEN }] },
  });
  const { line } = await lineOf(gateway, '/form/x');
  assert.deepEqual([line.status, line['detail'], line['nearestRoute']], [405, 'This path takes POST, PUT.', '/form']);
});

test('a 403 says which roles, scopes or consumer the caller has, and tells the client what is needed alone', async (t) => {
  const consumers = [{ name: 'core', keys: [{ id: 'k', sha256: 'a'.repeat(64) }] }];
  const rules = { roles: { roles: ['admin'] }, scopes: { scopes: ['orders:write'] }, core: { consumers: ['core'] } };
  const gateway = await startGateway(t, {
    file: {
      consumers,
      routes: Object.entries(rules).map(([name, authorize]) => ({
        prefix: `/${name}`,
        auth: 'jwt',
        authorize,
        respond: { status: 204 },
      })),
    },
    env: { JWT_SECRET: SECRET },
  });
  const bearer = (claims: object) => ({
    authorization: `Bearer ${jwt.sign({ sub: 'u1', ...claims }, SECRET, { expiresIn: '1h' })}`,
  });
  for (const [path, claims, told, logged] of [
    ['/roles/none', {}, 'This needs one of the roles admin.', ' The caller has no role.'],
    [
      '/roles/two',
      { role: ['reader', 'guest'] },
      'This needs one of the roles admin.',
      ' The caller has the roles "reader", "guest".',
    ],
    [
      '/scopes/one',
      { scope: 'orders:read' },
      'This needs one of the scopes orders:write.',
      ' The caller has the scope "orders:read".',
    ],
    ['/core/none', {}, 'This route is for consumers, and this credential belongs to none.', ''],
  ] as const) {
    const { line, text } = await lineOf(gateway, path, bearer(claims));
    assert.deepEqual([line.status, JSON.parse(text).detail, line['detail']], [403, told, told + logged], path);
  }
});

test('a credential without its word, in the query or in two places is told as what it is', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'app', keys: [{ id: 'k', sha256: 'a'.repeat(64) }] }],
      routes: [
        { prefix: '/jwt', auth: { jwt: { cookie: 'session' } }, respond: { status: 204 } },
        { prefix: '/key', auth: 'api-key', respond: { status: 204 } },
      ],
    },
    env: { JWT_SECRET: SECRET },
  });
  const token = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: '1h' });
  const detailOf = async (path: string, headers: Readonly<Record<string, string>>) => {
    const { text } = await ask(gateway.url + path, { headers });
    assert.ok(!text.includes(token) && !text.includes('tpk_'));
    const { status, detail } = JSON.parse(text) as { status: number; detail: string };
    return `${status} ${detail}`;
  };
  assert.match(await detailOf('/jwt/bare', { authorization: token }), /^401 .*write "Bearer " in front/);
  assert.match(await detailOf('/key/q?key=tpk_abc', {}), /^401 An API key was sent in the query, .*X-API-Key\.$/);
  assert.match(await detailOf('/jwt/q?key=tpk_abc', {}), /^401 An API key was sent in the query, .*takes jwt\.$/);
  assert.match(
    await detailOf(`/jwt/q?access_token=${token}`, {}),
    /^401 A token was sent in the query, .*Authorization\.$/,
  );
  assert.match(
    await detailOf(`/key/q?access_token=${token}`, {}),
    /^401 A token was sent in the query, .*takes api-key\.$/,
  );
  assert.match(await detailOf('/key/a', { authorization: 'tpk_abc' }), /^401 An API key was sent in Authorization/);
  const expired = jwt.sign({ sub: 'u1', exp: 1 }, SECRET);
  const beside = await detailOf(`/jwt/q?state=${token}`, { authorization: `Bearer ${expired}` });
  assert.match(beside, /^401 .*expired/, 'what was refused is the reason');
  const twice = { authorization: `Bearer ${token}`, cookie: `session=${token}` };
  assert.match(await detailOf('/jwt/two', twice), /^401 .*sent: in Authorization and in the cookie session\.$/);
});

test('a refused page is named in the log with the one that was expected, and a missing TRUST_PROXY too', async (t) => {
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/ws', websocket: true, target: 'http://127.0.0.1:9', ...OPEN }] },
  });
  const handshake = async (path: string, origin: string) => {
    const wire = openWire(t, gateway.port);
    wire.write(
      `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await wire.gets(/HTTP\/1\.1 403 /);
    return String((await gateway.line({ path }))['detail']);
  };
  const foreign = await handshake('/ws/foreign', 'https://evil.example');
  assert.match(foreign, /its Origin is "https:\/\/evil\.example", .* would be "http:\/\/shop\.example"\.$/);
  assert.match(await handshake('/ws/own', 'https://shop.example'), /TRUST_PROXY.*X-Forwarded-Proto/);
});

test('a rule of the file that failed is told in a line, without the lines of our own code', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      routes: [{ prefix: '/a', respond: { status: 200, body: '${request.headers["x-missing"]}' }, ...OPEN }],
    },
  });
  const { line } = await lineOf(gateway, '/a/x');
  assert.deepEqual([line.status, line['code']], [500, 'expression_failed']);
  assert.ok(String(line['cause']).length > 0);
  assert.doesNotMatch(String(line['cause']), /node_modules|\.ts:|\n {4}at /);
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
  assert.equal(line['outcome'], 'upload-refused');
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
