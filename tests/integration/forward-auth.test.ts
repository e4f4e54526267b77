import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { askSocket, startSocketService } from '../support/websocket.ts';

const PAGE = '<p>Please sign in</p>';

/** An auth service as oauth2-proxy and Authelia are: known by a cookie; pages are led to its own, scripts get 401. */
const signIn: StubHandler = (_req, res, { headers, path }) => {
  if (headers.cookie?.includes('session=good') === true) {
    res.writeHead(202, { 'x-user-id': 'u1', 'set-cookie': ['session=good2; Path=/', 'seen=1'] }).end();
  } else if (path === '/page') {
    res.writeHead(403, { 'content-type': 'text/html', 'x-request-id': 'theirs', connection: 'x-own', 'x-own': '1' });
    res.end(PAGE);
  } else if (headers.accept?.includes('text/html') === true) {
    const to = `https://login.example/?rd=${headers['x-original-uri']}&m=${headers['x-original-method']}`;
    res.writeHead(302, { location: to, 'set-cookie': ['csrf=1', 'state=2'] }).end();
  } else {
    res.writeHead(401, { 'www-authenticate': 'Sign realm="ours"', 'set-cookie': 'csrf=1' }).end();
  }
};

async function setUp(t: TestContext, { handler = signIn, route = {}, options = {}, path = '/' } = {}) {
  const service = await startService(t);
  const auth = await startService(t, handler);
  const scheme = { 'forward-auth': { url: auth.url + path, ...options } };
  const routes = [{ prefix: '/a', target: service.url, auth: scheme, ...route }];
  return { service, auth, gateway: await startGateway(t, { file: { routes } }) };
}

test('a page is led to where one signs in, with the cookies of that', async (t) => {
  const { gateway, service } = await setUp(t);
  const { status, headers, text } = await ask(`${gateway.url}/a/b?c=1`, { headers: { accept: 'text/html' } });
  assert.deepEqual([status, text], [302, '']);
  assert.equal(headers.location, 'https://login.example/?rd=/a/b?c=1&m=GET');
  assert.deepEqual(headers['set-cookie'], ['csrf=1', 'state=2']);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['content-type'], undefined);
  const { code, requestId } = await gateway.line({ status: 302 });
  assert.deepEqual([code, requestId], ['unauthenticated', headers['x-request-id']]);
  assert.equal(service.requests.length, 0);
  assert.match(await gateway.metrics(), /turnpike_requests_total\{[^}]*status="302",source="gateway"\} 1/);
});

test('a 401 keeps its challenge and cookies, and has our document where it has no body', async (t) => {
  const { gateway } = await setUp(t);
  const { status, headers, json } = await ask(`${gateway.url}/a`);
  assert.deepEqual([status, json.code], [401, 'unauthenticated'], 'no credential was sent');
  const wrong = await ask(`${gateway.url}/a`, { headers: { authorization: 'Bearer wrong' } });
  assert.deepEqual([wrong.status, wrong.json.code], [401, 'invalid_credential']);
  assert.equal(headers['www-authenticate'], 'Sign realm="ours"');
  assert.deepEqual(headers['set-cookie'], ['csrf=1']);
});

test('a page of the auth service itself is shown as it is, less the fields that are ours', async (t) => {
  const { gateway } = await setUp(t, { path: '/page' });
  const { status, headers, text } = await ask(`${gateway.url}/a`);
  assert.deepEqual([status, headers['content-type'], text], [403, 'text/html', PAGE]);
  assert.notEqual(headers['x-request-id'], 'theirs');
  assert.equal(headers['x-own'], undefined);
  assert.equal(headers['content-security-policy'], "frame-ancestors 'none'", 'its own styles work');
  const head = await ask(`${gateway.url}/a`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [403, String(PAGE.length), '']);
});

test('whoever is let in gets the cookies of that too, and the service its identity', async (t) => {
  const { gateway, service } = await setUp(t);
  const { status, headers } = await ask(`${gateway.url}/a`, { headers: { cookie: 'session=good' } });
  assert.deepEqual([status, headers['set-cookie']], [200, ['session=good2; Path=/', 'seen=1']]);
  assert.equal(service.requests[0]?.headers['x-user-id'], 'u1');
  assert.equal(service.requests[0]?.headers.cookie, 'session=good');
});

test('what was sent as X-Original-URI and -Method is not what the auth service is told', async (t) => {
  const requestHeaders = ['cookie', 'x-original-uri', 'x-original-method'];
  const { gateway, auth } = await setUp(t, { options: { requestHeaders } });
  await ask(`${gateway.url}/a`, { headers: { 'x-original-uri': '/public', 'x-original-method': 'OPTIONS' } });
  const { headers } = auth.requests[0] ?? {};
  assert.deepEqual([headers?.['x-original-uri'], headers?.['x-original-method']], ['/a', 'GET']);
  assert.deepEqual([headers?.['x-forwarded-uri'], headers?.['x-forwarded-method']], ['/a', 'GET']);
});

test('of several in "all" the first that refuses answers, and nobody after it is asked', async (t) => {
  const service = await startService(t);
  const lets = await startService(t, (_req, res) => res.writeHead(200, { 'set-cookie': 'first=1' }).end());
  const refuses = await startService(t, (_req, res) => res.writeHead(302, { location: '/second' }).end());
  const never = await startService(t, (_req, res) => res.writeHead(302, { location: '/third' }).end());
  const all = [lets, refuses, never].map(({ url }) => ({ 'forward-auth': { url } }));
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/a', target: service.url, auth: { all } }] } });
  const { status, headers } = await ask(`${gateway.url}/a`);
  assert.deepEqual([status, headers.location, headers['set-cookie']], [302, '/second', ['first=1']]);
  assert.equal(never.requests.length + service.requests.length, 0);
});

test('in shadow the refusal is reported, and nothing of it reaches the client', async (t) => {
  const { gateway } = await setUp(t, { route: { shadow: ['authenticate'] } });
  const { status, headers } = await ask(`${gateway.url}/a`, { headers: { accept: 'text/html' } });
  assert.deepEqual([status, headers['set-cookie']], [200, undefined]);
  assert.equal((await gateway.line({ path: '/a' }))['shadow'], 'authenticate:unauthenticated');
});

test('a WebSocket handshake is refused alike', async (t) => {
  const socket = await startSocketService(t);
  const { gateway } = await setUp(t, { route: { target: socket.url, websocket: true } });
  const refusal = await askSocket(t, `${gateway.url}/a`, { headers: { accept: 'text/html' } });
  assert.equal(refusal.status, 302);
  assert.match(refusal.headers.location ?? '', /^https:\/\/login\.example\//);
  assert.deepEqual(refusal.headers['set-cookie'], ['csrf=1', 'state=2']);
  const granted = new WebSocket(`${gateway.url.replace('http', 'ws')}/a`, { headers: { cookie: 'session=good' } });
  t.after(() => granted.terminate());
  const [{ headers }] = (await once(granted, 'upgrade')) as [IncomingMessage];
  assert.deepEqual(headers['set-cookie'], ['session=good2; Path=/', 'seen=1']);
});

const FAILING: Readonly<Record<string, readonly [StubHandler, RegExp]>> = {
  'an error of its own': [(_req, res) => res.writeHead(500).end(), /answered 500/],
  'an address that is none': [(_req, res) => res.writeHead(404).end('no such page'), /answered 404/],
  'a redirect to nowhere': [(_req, res) => res.writeHead(302).end(), /answered 302/],
  'too large a page': [(_req, res) => res.writeHead(403).end(Buffer.alloc(70_000)), /larger than 65536 bytes/],
  'a broken connection': [(req) => req.socket.destroy(), /does not answer as it should: /],
  silence: [() => undefined, /no answer within 100 ms/],
};

for (const [fault, [handler, cause]] of Object.entries(FAILING)) {
  test(`${fault} of the auth service is 503, with the cause in the log`, async (t) => {
    const { gateway, service } = await setUp(t, { handler, options: { timeout: '100ms' } });
    const { status, json } = await ask(`${gateway.url}/a`);
    assert.deepEqual([status, json.code], [503, 'auth_unavailable']);
    assert.match(String((await gateway.line({ status: 503 }))['cause']), cause);
    assert.equal(service.requests.length, 0);
  });
}
