import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { needsChromium, openPage } from '../support/chromium.ts';
import { startGateway } from '../support/gateway.ts';
import { type StubHandler, startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { startSocketService } from '../support/websocket.ts';

/**
 * Two pages of one site, so that a SameSite cookie goes along with what either of them asks of `api.shop.test`: only
 * their origins tell them apart.
 */
async function startPages(t: TestContext) {
  const { port } = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' });
    res.end('<!doctype html><title>A page</title>');
  });
  return { shop: `http://www.shop.test:${port}`, foreign: `http://blog.shop.test:${port}` };
}

/** A service that gives whoever visits it this cookie. */
function giveCookie(cookie: string): StubHandler {
  return (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain', 'set-cookie': `${cookie}; Path=/; HttpOnly; SameSite=Strict` });
    res.end('welcome');
  };
}

/** Runs in the page: what a WebSocket says to a greeting, or that there is none. */
function greet(url: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send('hello');
    socket.onmessage = ({ data }) => {
      resolve(`heard ${data}`);
      socket.close();
    };
    socket.onerror = () => resolve('refused');
  });
}

test('a page opens a WebSocket with a token in a cookie; a foreign page does not', needsChromium, async (t) => {
  const page = await openPage(t);
  const { shop, foreign } = await startPages(t);
  const token = jwt.sign({ sub: 'u1' }, SECRET, { expiresIn: '1h' });
  const login = await startService(t, giveCookie(`session=${token}`));
  const echo = await startSocketService(t);
  const live = { target: echo.url, auth: { jwt: { cookie: 'session' } } };
  const forBoth = { websocket: { origins: [shop, foreign] }, cors: { origins: [shop, foreign], credentials: true } };
  const forShop = { websocket: { origins: [shop] }, cors: { origins: [shop], credentials: true } };
  const routes = [
    { prefix: '/login', target: login.url, auth: 'none' },
    { prefix: '/live', ...live, ...forShop },
    { prefix: '/both', ...live, ...forBoth },
    // Two checks keep the foreign page out; each does it alone.
    { prefix: '/no-handshake', ...live, ...forBoth, websocket: forShop.websocket },
    { prefix: '/no-cookie', ...live, ...forBoth, cors: forShop.cors },
  ];
  const gateway = await startGateway(t, { env: { JWT_SECRET: SECRET }, file: { routes } });
  const api = `api.shop.test:${gateway.port}`;

  await page.goto(shop);
  assert.equal(await page.run(greet, `ws://${api}/live`), 'refused');
  assert.equal((await gateway.line({ path: '/live' })).status, 401);
  assert.equal(echo.requests.length, 0);

  await page.goto(`http://${api}/login`);
  await page.goto(shop);
  assert.equal(await page.run(greet, `ws://${api}/live`), 'heard hello');
  assert.equal(echo.requests[0]?.headers['x-user-id'], 'u1');
  assert.equal(echo.requests[0]?.headers.cookie, undefined);

  await page.goto(foreign);
  assert.equal(await page.run(greet, `ws://${api}/both`), 'heard hello', 'its cookie goes along');
  assert.equal(echo.requests.length, 2);
  for (const path of ['/live', '/no-handshake', '/no-cookie']) {
    assert.equal(await page.run(greet, `ws://${api}${path}`), 'refused');
    assert.equal((await gateway.line({ path, status: 403 }))['code'], 'origin_refused');
  }
  assert.equal(echo.requests.length, 2);
});

/** Runs in the page: what it may read of the answer to a request with the cookies of its visitor. */
async function read(url: string, options: { method?: string; headers?: Record<string, string> }): Promise<object> {
  try {
    const answer = await fetch(url, { ...options, credentials: 'include' });
    const [total, inner, id] = ['x-total', 'x-inner', 'x-request-id'].map((name) => answer.headers.get(name));
    return { status: answer.status, text: await answer.text(), total, inner, hasId: id !== null };
  } catch (error) {
    return { failed: (error as Error).name };
  }
}

test(
  'a page reads answers with credentials where its origin may, and a foreign page none',
  needsChromium,
  async (t) => {
    const page = await openPage(t);
    const { shop, foreign } = await startPages(t);
    const login = await startService(t, giveCookie('visitor=v1'));
    const service = await startService(t, (_req, res) => {
      res.writeHead(200, { 'x-total': '42', 'x-inner': 'mine' });
      res.end('the answer');
    });
    const cors = { origins: [shop], credentials: true, exposedHeaders: ['X-Total'] };
    const routes = [
      { prefix: '/login', target: login.url, auth: 'none' },
      { prefix: '/orders', target: service.url, auth: 'none', cors },
    ];
    const gateway = await startGateway(t, { file: { routes } });
    const api = `http://api.shop.test:${gateway.port}`;
    const edit = { method: 'PUT', headers: { 'x-basket': '7' } };
    const seen = () => service.requests.map(({ method, headers }) => [method, headers.cookie, headers['x-basket']]);
    const preflights = () => gateway.accessLines.filter((line) => JSON.parse(line).method === 'OPTIONS').length;

    await page.goto(`${api}/login`);
    await page.goto(shop);
    const readable = { status: 200, text: 'the answer', total: '42', inner: null, hasId: true };
    assert.deepEqual(await page.run(read, `${api}/orders`, {}), readable);
    assert.equal(preflights(), 0);
    assert.deepEqual(await page.run(read, `${api}/orders`, edit), readable);
    assert.deepEqual(seen(), [
      ['GET', 'visitor=v1', undefined],
      ['PUT', 'visitor=v1', '7'],
    ]);
    assert.equal((await gateway.line({ method: 'OPTIONS', path: '/orders' })).status, 204);
    assert.equal(preflights(), 1);

    await page.goto(foreign);
    // Nothing keeps a plain GET from being asked; its answer is what the page may not see.
    assert.deepEqual(await page.run(read, `${api}/orders`, {}), { failed: 'TypeError' });
    assert.equal(seen().length, 3);
    // What needs leave to be asked stops at the preflight.
    assert.deepEqual(await page.run(read, `${api}/orders`, edit), { failed: 'TypeError' });
    await until(() => preflights() === 2);
    assert.equal(seen().length, 3);
    assert.ok(service.requests.every(({ method }) => method !== 'OPTIONS'));
  },
);

/** Runs in the page: what an EventSource hears until the last event, or until its connection breaks. */
function listen(url: string): Promise<{ heard: string[]; opened: number; broke: boolean }> {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    const heard: string[] = [];
    let opened = 0;
    const finish = (broke: boolean): void => {
      source.close();
      resolve({ heard, opened, broke });
    };
    source.onopen = () => {
      opened += 1;
    };
    source.onmessage = ({ data }) => {
      heard.push(data);
      if (data === 'last') finish(false);
    };
    source.onerror = () => finish(true);
  });
}

for (const [name, heartbeat] of [
  ['an EventSource outlives a silence on one connection', {}],
  ['an EventSource hears no heartbeat in the silence', { heartbeat: '200ms' }],
] as const) {
  test(name, needsChromium, async (t) => {
    const page = await openPage(t);
    const { shop } = await startPages(t);
    const service = await startService(t, (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: first\n\n');
      const timer = setTimeout(() => res.write('data: last\n\n'), 3000);
      res.on('close', () => clearTimeout(timer));
    });
    // An answer that is no event stream would be broken off after a second of silence.
    const timeouts = { idle: '1s', ...heartbeat };
    const routes = [{ prefix: '/events', target: service.url, auth: 'none', timeouts, cors: { origins: [shop] } }];
    const gateway = await startGateway(t, { file: { routes } });

    await page.goto(shop);
    const { heard, opened, broke } = await page.run(listen, `http://api.shop.test:${gateway.port}/events`);
    assert.deepEqual([heard, opened, broke], [['first', 'last'], 1, false]);
    assert.equal(service.requests.length, 1);
    const { bytesOut } = await gateway.line({ path: '/events' });
    const sentBytes = 'data: first\n\ndata: last\n\n'.length;
    if ('heartbeat' in heartbeat) assert.ok(Number(bytesOut) > sentBytes, `${bytesOut} bytes were sent`);
    else assert.equal(bytesOut, sentBytes);
  });
}
