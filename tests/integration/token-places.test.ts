import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { askSocket, openSocket, startSocketService } from '../support/websocket.ts';

const TOKEN = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: 60 });
const PLACES = { cookie: 'session', query: 'tok', subprotocol: true };
const K8S = `base64url.bearer.authorization.k8s.io.${Buffer.from(TOKEN).toString('base64url')}`;
const env = { JWT_SECRET: SECRET };

async function setUp(t: TestContext, route: object = {}) {
  const service = await startService(t);
  const routes = [{ prefix: '/a', target: service.url, auth: { jwt: PLACES }, ...route }];
  return { service, gateway: await startGateway(t, { env, file: { routes }, settings: { logLevel: 'debug' } }) };
}

async function assertUnwritten({ accessLines, messages, line }: TestGateway): Promise<void> {
  await line({ path: '/a' });
  const written = [...accessLines, ...messages].join('\n');
  assert.ok(!written.includes(TOKEN) && !written.includes(TOKEN.slice(-20)), 'the token was written');
}

test('a token comes by cookie or query where the route says so, and goes no further', async (t) => {
  const { gateway, service } = await setUp(t);
  const cookies = { cookie: `theme=dark; session=${TOKEN}; lang=en` };
  assert.equal((await ask(`${gateway.url}/a`, { headers: cookies })).status, 200);
  assert.equal((await ask(`${gateway.url}/a?x=1&tok=${TOKEN}&y=2`)).status, 200);
  assert.equal((await ask(`${gateway.url}/a`, { headers: { cookie: `session=${TOKEN}` } })).status, 200);
  const [byCookie, byQuery, alone] = service.requests;
  assert.deepEqual([byCookie?.headers['x-user-id'], byCookie?.headers.cookie], ['u1', 'theme=dark; lang=en']);
  assert.deepEqual([byQuery?.headers['x-user-id'], byQuery?.path], ['u1', '/?x=1&y=2']);
  assert.equal(alone?.headers.cookie, undefined);
  await assertUnwritten(gateway);
});

test('an answer to a token in the query is for nobody else, unless the service says more', async (t) => {
  const { gateway } = await setUp(t);
  const { headers } = await ask(`${gateway.url}/a?tok=${TOKEN}`);
  assert.equal(headers['cache-control'], 'private');
  assert.equal(
    (await ask(`${gateway.url}/a`, { headers: { cookie: `session=${TOKEN}` } })).headers['cache-control'],
    undefined,
  );
});

test('where the route does not say so, it is neither read nor touched', async (t) => {
  const { gateway, service } = await setUp(t, { auth: { any: ['jwt'], optional: true } });
  await ask(`${gateway.url}/a?tok=x`, { headers: { cookie: `session=${TOKEN}` } });
  const [seen] = service.requests;
  assert.deepEqual([seen?.headers['x-user-id'], seen?.path], [undefined, '/?tok=x']);
  assert.equal(seen?.headers.cookie, `session=${TOKEN}`);
});

test('forwardCredentials sends it on', async (t) => {
  const { gateway, service } = await setUp(t, { forwardCredentials: true });
  await ask(`${gateway.url}/a`, { headers: { cookie: `session=${TOKEN}` } });
  await ask(`${gateway.url}/a?tok=${TOKEN}`);
  assert.equal(service.requests[0]?.headers.cookie, `session=${TOKEN}`);
  assert.equal(service.requests[1]?.path, `/?tok=${TOKEN}`);
});

test('one token only: two of them, or two places at once, are refused', async (t) => {
  const { gateway, service } = await setUp(t);
  const cookie = `session=${TOKEN}`;
  const cases: [string, Record<string, string>, string][] = [
    [
      '/a',
      { cookie, authorization: `Bearer ${TOKEN}` },
      'More than one token was sent: in Authorization and in the cookie session.',
    ],
    [`/a?tok=${TOKEN}`, { cookie }, 'More than one token was sent: in the cookie session and in the query (tok).'],
    [
      `/a?tok=${TOKEN}`,
      { authorization: `Bearer ${TOKEN}` },
      'More than one token was sent: in Authorization and in the query (tok).',
    ],
    [`/a?tok=${TOKEN}&tok=${TOKEN}`, {}, 'More than one token was sent in the query (tok).'],
    ['/a', { cookie: `${cookie}; ${cookie}` }, 'The cookie session was sent more than once.'],
  ];
  for (const [path, headers, detail] of cases) {
    const { status, json } = await ask(gateway.url + path, { headers });
    assert.deepEqual([status, json.detail], [401, detail], JSON.stringify(Object.keys(headers)));
  }
  assert.equal(service.requests.length, 0);
});

test('a wrong token is refused wherever it comes from, and an empty cookie is none', async (t) => {
  const { gateway, service } = await setUp(t, { auth: { any: [{ jwt: PLACES }], optional: true } });
  assert.equal((await ask(`${gateway.url}/a?tok=nonsense`)).status, 401);
  assert.equal((await ask(`${gateway.url}/a`, { headers: { cookie: 'session=nonsense' } })).status, 401);
  assert.equal((await ask(`${gateway.url}/a`, { headers: { cookie: 'session=' } })).status, 200);
  assert.equal(service.requests[0]?.headers['x-user-id'], undefined);
});

const OWN = 'OWN';
const PAGES: readonly [number, string, Record<string, string>][] = [
  [200, 'GET', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  [403, 'POST', { origin: 'https://evil.example' }],
  [403, 'DELETE', { origin: 'null' }],
  [403, 'POST', { 'sec-fetch-site': 'cross-site' }],
  [403, 'POST', { origin: 'https://other.example', 'sec-fetch-site': 'same-site' }],
  [403, 'PATCH', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  [200, 'POST', { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }],
  [200, 'POST', { origin: OWN }],
  [200, 'POST', { origin: OWN, 'sec-fetch-site': 'same-origin' }],
  [200, 'POST', {}],
];

test('a foreign page can change nothing with the cookie of its visitor', async (t) => {
  const cors = { origins: ['https://app.example'], credentials: true };
  const { gateway, service } = await setUp(t, { cors });
  for (const [expected, method, written] of PAGES) {
    const headers = { ...written, ...(written['origin'] === OWN && { origin: gateway.url }) };
    const { status } = await ask(`${gateway.url}/a`, { method, headers: { ...headers, cookie: `session=${TOKEN}` } });
    assert.equal(status, expected, `${method} ${JSON.stringify(written)}`);
    // Without the cookie the page needs a token of its own, and that is proof enough.
    const authorization = `Bearer ${TOKEN}`;
    assert.equal((await ask(`${gateway.url}/a`, { method, headers: { ...headers, authorization } })).status, 200);
  }
  assert.equal(service.requests.length, PAGES.length + 5);
  assert.equal((await gateway.line({ status: 403 }))['code'], 'origin_refused');
});

test('pages that CORS lets in without credentials, or all pages, are foreign', async (t) => {
  const { gateway } = await setUp(t, { cors: { origins: ['https://app.example'] } });
  const everybody = await startGateway(t, {
    env: { ...env, CORS_ORIGINS: '*' },
    file: { routes: [{ prefix: '/a', respond: { status: 204 }, auth: { jwt: PLACES }, cors: { credentials: true } }] },
  });
  const headers = { cookie: `session=${TOKEN}`, origin: 'https://app.example' };
  for (const { url } of [gateway, everybody])
    assert.equal((await ask(`${url}/a`, { method: 'POST', headers })).status, 403);
});

test('a WebSocket takes a token as subprotocol, and is answered with the real one', async (t) => {
  const service = await startSocketService(t);
  const { gateway } = await setUp(t, { target: service.url, websocket: true });
  for (const protocols of [
    ['bearer', TOKEN, 'chat'],
    ['chat', 'bearer', TOKEN],
    [K8S, 'chat'],
  ]) {
    const socket = await openSocket(t, `${gateway.url}/a`, { protocols });
    assert.equal(socket.protocol, 'chat');
    socket.close();
    await once(socket, 'close');
  }
  for (const { headers } of service.requests) {
    assert.deepEqual([headers['x-user-id'], headers['sec-websocket-protocol']], ['u1', 'chat']);
  }
  assert.equal(service.requests.length, 3);
  await assertUnwritten(gateway);
});

test('two fields of subprotocols hide no token from whoever takes it out', async (t) => {
  const service = await startSocketService(t);
  const { gateway } = await setUp(t, { target: service.url, websocket: true });
  const headers = { 'Sec-WebSocket-Protocol': ['bearer', `${TOKEN}, chat`] } as unknown as Record<string, string>;
  const socket = await openSocket(t, `${gateway.url}/a`, { headers }).catch(() => undefined);
  socket?.close();
  assert.deepEqual(
    service.requests.map(({ headers }) => headers['sec-websocket-protocol']),
    ['chat'],
  );
});

test('a WebSocket with a cookie opens for the own page alone, and one with two tokens for nobody', async (t) => {
  const service = await startSocketService(t);
  const { gateway } = await setUp(t, { target: service.url, websocket: { origins: '*' } });
  const cookie = `session=${TOKEN}`;
  const foreign = await askSocket(t, `${gateway.url}/a`, { headers: { cookie }, origin: 'https://evil.example' });
  assert.deepEqual([foreign.status, JSON.parse(foreign.text).code], [403, 'origin_refused']);
  await openSocket(t, `${gateway.url}/a`, { headers: { cookie }, origin: gateway.url });
  const headers = { cookie, 'sec-websocket-protocol': `bearer, ${TOKEN}, ${K8S}` };
  assert.equal((await askSocket(t, `${gateway.url}/a`, { headers, origin: gateway.url })).status, 401);
  assert.equal(service.requests.length, 1);
});

test('an opaque token comes the same ways, and the auth service beside it is not shown a query with one', async (t) => {
  const service = await startService(t);
  const auth = await startService(t, (_req, res, { path, body }) => {
    if (path !== '/introspect') res.end();
    else res.end(JSON.stringify({ active: String(body).includes('token=opaque'), sub: 'u7' }));
  });
  const schemes = [{ introspection: PLACES }, { 'forward-auth': { url: auth.url } }];
  const file = {
    introspection: { url: `${auth.url}/introspect`, clientId: 'gateway', clientSecret: 'secret' },
    routes: [{ prefix: '/a', target: service.url, auth: { all: schemes } }],
  };
  const gateway = await startGateway(t, { file });
  assert.equal((await ask(`${gateway.url}/a?tok=opaque`)).status, 200);
  assert.equal(auth.requests[1]?.headers['x-forwarded-uri'], '/a');
  assert.equal(auth.requests[1]?.headers['x-original-uri'], '/a');
  assert.equal(service.requests[0]?.headers['x-user-id'], 'u7');
});

test('schemes that read the same query, or tokens in different places, refuse the file', async (t) => {
  const load = (auth: unknown) =>
    startGateway(t, { env, file: { routes: [{ prefix: '/a', respond: { status: 204 }, auth }] } });
  await assert.rejects(load([{ jwt: { query: 'k' } }, { 'api-key': { query: 'k' } }]), /only one kind of credential/);
  await assert.rejects(load([{ jwt: { query: 'k' } }, { 'api-key': { query: 'j' } }]), /only one kind of credential/);
  await assert.rejects(load([{ jwt: { cookie: 's' } }, 'introspection']), /different places/);
  await assert.rejects(load({ jwt: { cookie: 'a b' } }), /name of a cookie/);
  await load([{ jwt: { query: 'k' } }, 'api-key']);
});
