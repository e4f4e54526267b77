import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { post, startOrders } from '../support/idempotency.ts';
import { closedPort, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';

const fileOf = (target: string, idempotency: unknown = true, more: object = {}) => ({
  routes: [{ prefix: '/', name: 'orders', target, auth: 'none', idempotency, ...more }],
});

/** A request under way has no client any more. */
const hasLost = ({ gateway }: TestGateway) => until(() => [...gateway.open].some(({ res }) => res.destroyed));

test('the second of two equal requests gets the answer of the first, and is told so', async (t) => {
  const orders = await startOrders(t);
  const file = fileOf(orders.url, true, { response: { headers: { set: { 'x-edited': 'yes' } } } });
  const gateway = await startGateway(t, { file });
  const first = await post(`${gateway.url}/orders?a=1`, KEY);
  const second = await post(`${gateway.url}/orders?a=1`, KEY);
  assert.equal(orders.requests.length, 1);
  assert.equal(orders.requests[0]?.headers['idempotency-key'], KEY, 'the service may look at it too');
  assert.deepEqual([second.status, second.text], [201, '{"order":1,"of":"{\\"n\\":1}"}']);
  for (const name of ['x-order', 'x-edited', 'location', 'content-type', 'content-security-policy'])
    assert.equal(second.headers[name], first.headers[name], name);
  assert.deepEqual(
    [first.headers['idempotency-replayed'], second.headers['idempotency-replayed']],
    [undefined, 'true'],
  );
  assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id']);
  const metrics = await gateway.metrics();
  assert.match(metrics, /turnpike_idempotency_total\{route="orders",result="begun"\} 1/);
  assert.match(metrics, /turnpike_idempotency_total\{route="orders",result="answered"\} 1/);
});

test('quoted and bare name the same key; other keys, other methods and no key run', async (t) => {
  const orders = await startOrders(t);
  const gateway = await startGateway(t, { file: fileOf(orders.url) });
  await post(gateway.url, '"k1"');
  assert.equal((await post(gateway.url, 'k1')).headers['idempotency-replayed'], 'true');
  await post(gateway.url, 'k2');
  await post(gateway.url, undefined);
  await post(gateway.url, 'k1', { method: 'PUT' });
  await ask(gateway.url, { headers: { 'idempotency-key': 'k1' } });
  assert.equal(orders.requests.length, 5);
});

test('of fifty at once with one key one reaches the service; the others are told to wait', async (t) => {
  const orders = await startOrders(t);
  const gateway = await startGateway(t, { file: fileOf(orders.url) });
  const all = Array.from({ length: 50 }, () => post(`${gateway.url}/slow`, KEY));
  const early = await until(async () => {
    const settled = await Promise.all(all.map((one) => Promise.race([one, undefined])));
    const refused = settled.filter((one) => one !== undefined);
    return refused.length === 49 ? refused : undefined;
  });
  for (const { status, json, headers } of early) {
    assert.deepEqual([status, json.code, headers['retry-after']], [409, 'idempotency_in_progress', '1']);
    assert.equal(headers['link'], '<https://turnpike.dev/problems/idempotency_in_progress>; rel="describedby"');
  }
  orders.release();
  assert.equal((await Promise.all(all)).filter(({ status }) => status === 201).length, 1);
  assert.equal((await post(`${gateway.url}/slow`, KEY)).headers['idempotency-replayed'], 'true');
  assert.equal(orders.requests.length, 1);
});

test('a key that was used for something else is refused: another body, type, path, query or method', async (t) => {
  const orders = await startOrders(t);
  const gateway = await startGateway(t, { file: fileOf(orders.url) });
  await post(`${gateway.url}/a`, KEY);
  const others = await Promise.all([
    post(`${gateway.url}/a`, KEY, { body: '{"n":2}' }),
    post(`${gateway.url}/a`, KEY, { headers: { 'content-type': 'text/plain' } }),
    post(`${gateway.url}/b`, KEY),
    post(`${gateway.url}/a?b`, KEY),
    post(`${gateway.url}/a`, KEY, { method: 'PATCH' }),
  ]);
  for (const { status, json } of others) assert.deepEqual([status, json.code], [422, 'idempotency_mismatch']);
  assert.equal(orders.requests.length, 1);
});

test('a missing key is refused where one is required, and what is none everywhere', async (t) => {
  const orders = await startOrders(t);
  const file = {
    routes: [
      { prefix: '/must', target: orders.url, auth: 'none', idempotency: { required: true, header: 'X-Key' } },
      { prefix: '/may', target: orders.url, auth: 'none', idempotency: true },
    ],
  };
  const gateway = await startGateway(t, { file });
  const missing = await post(`${gateway.url}/must`, KEY);
  assert.deepEqual([missing.status, missing.json.code], [400, 'idempotency_key_missing']);
  assert.match(missing.json.detail, /X-Key/);
  for (const key of ['', '""', '"a', 'a b', '"a" "b"', '"é"', 'k'.repeat(256)]) {
    const { status, json } = await post(`${gateway.url}/may`, key);
    assert.deepEqual([status, json.code], [400, 'idempotency_key_invalid'], key);
  }
  const twice = await post(`${gateway.url}/may`, undefined, { headers: { 'idempotency-key': ['a', 'b'] } });
  assert.equal(twice.json.code, 'idempotency_key_invalid');
  assert.equal(orders.requests.length, 0);
});

test('a key that Connection keeps from the service is refused, required or not', async (t) => {
  const orders = await startOrders(t);
  const routes = [
    { prefix: '/must', target: orders.url, auth: 'none', idempotency: { required: true } },
    { prefix: '/may', target: orders.url, auth: 'none', idempotency: true },
  ];
  const gateway = await startGateway(t, { file: { routes } });
  for (const path of ['/must', '/may']) {
    const headers = { connection: 'close, Idempotency-Key' };
    const { status, json } = await post(gateway.url + path, KEY, { headers });
    assert.deepEqual([status, json.code], [400, 'idempotency_key_invalid'], path);
    assert.match(json.detail, /Connection/);
  }
  assert.equal(orders.requests.length, 0);
});

test('errors of the service are its answer too; "come back later" is not', async (t) => {
  const statuses = [500, 429, 503, 400];
  const service = await startService(t, (_req, res, { path }) => {
    const status = statuses.shift() ?? 200;
    res.writeHead(status, path === '/later' ? { 'retry-after': '1' } : {}).end(`${status}`);
  });
  const gateway = await startGateway(t, { file: fileOf(service.url, true, { retry: false }) });
  assert.equal((await post(gateway.url, 'k500')).status, 500);
  assert.equal((await post(gateway.url, 'k500')).status, 500);
  assert.equal((await post(`${gateway.url}/later`, 'k')).status, 429);
  assert.equal((await post(`${gateway.url}/later`, 'k')).status, 503);
  assert.equal((await post(`${gateway.url}/later`, 'k')).status, 400);
  assert.equal((await post(`${gateway.url}/later`, 'k')).status, 400);
  assert.equal(service.requests.length, 4);
});

test('what no service has heard of uses no key up', async (t) => {
  const port = await closedPort();
  const gateway = await startGateway(t, { file: fileOf(`http://127.0.0.1:${port}`) });
  assert.equal((await post(gateway.url, KEY)).json.code, 'upstream_refused');
  const orders = await startOrders(t);
  await gateway.reload(fileOf(orders.url));
  assert.equal((await post(gateway.url, KEY)).status, 201);
});

test('where nobody knows what came of it, the key is closed; then one more may run', async (t) => {
  const service = await startLyingService(t, [
    (socket) => socket.destroy(),
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok',
  ]);
  const gateway = await startGateway(t, { file: fileOf(service.url, { lease: '1s' }) });
  assert.equal((await post(gateway.url, KEY)).json.code, 'upstream_reset');
  const closed = await post(gateway.url, KEY);
  assert.deepEqual([closed.status, closed.json.code, closed.headers['retry-after']], [409, 'idempotency_unknown', '1']);
  const answer = await until(async () => {
    const again = await post(gateway.url, KEY);
    return again.status === 200 && again;
  });
  assert.equal(answer.headers['idempotency-replayed'], undefined);
  assert.equal((await post(gateway.url, KEY)).headers['idempotency-replayed'], 'true');
  assert.equal(service.received.length, 2);
});

test('a service that has begun to answer is never asked again, whatever was wrong with its answer', async (t) => {
  const flaws: Record<string, string> = {
    strange: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
    none: 'SMTP ready\r\n\r\n',
    half: 'HTTP/1.1 20',
    interim: 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n',
  };
  for (const [name, flaw] of Object.entries(flaws)) {
    let asked = 0;
    const service = await startLyingService(t, (socket) => {
      asked += 1;
      socket.end(flaw);
    });
    const gateway = await startGateway(t, { file: fileOf(service.url, { lease: '1s' }) });
    assert.equal((await post(gateway.url, KEY)).status, 502, name);
    const endsAtMs = performance.now() + 1300;
    await until(async () => {
      assert.equal((await post(gateway.url, KEY)).json.code, 'idempotency_unknown', name);
      return performance.now() > endsAtMs;
    });
    assert.equal(asked, 1, name);
  }
});

test('half a status line in time, and never the rest, is the beginning of an answer too', async (t) => {
  const service = await startLyingService(t, 'HTTP/1.1 2');
  const file = fileOf(service.url, { lease: '1s' }, { timeouts: { headers: '100ms' } });
  const gateway = await startGateway(t, { file });
  assert.equal((await post(gateway.url, KEY)).json.code, 'headers_timeout');
  const { json, headers } = await post(gateway.url, KEY);
  assert.deepEqual([json.code, headers['retry-after']], ['idempotency_unknown', undefined]);
});

test('what came on a connection before is no answer: a reset there may run again', async (t) => {
  const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
  let connections = 0;
  const service = await startLyingService(t, (socket, received) => {
    if (!received.includes('POST /second')) {
      connections += 1;
      socket.write(whole);
    } else socket.end();
  });
  const gateway = await startGateway(t, { file: fileOf(service.url, { lease: '1s' }) });
  assert.equal((await post(`${gateway.url}/first`, 'k1')).status, 200);
  assert.equal((await post(`${gateway.url}/second`, KEY)).json.code, 'upstream_reset');
  assert.equal((await post(`${gateway.url}/second`, KEY)).headers['retry-after'], '1');
  assert.deepEqual([connections, service.received.length], [1, 1], 'one connection, used twice');
});

test('a route may refuse for good what was lost', async (t) => {
  const service = await startLyingService(t, (socket) => socket.destroy());
  const file = fileOf(service.url, { lease: '1s', onLost: 'refuse' });
  const gateway = await startGateway(t, { file });
  await post(gateway.url, KEY);
  const endsAtMs = performance.now() + 1300;
  await until(async () => {
    const { json, headers } = await post(gateway.url, KEY);
    assert.deepEqual([json.code, headers['retry-after']], ['idempotency_unknown', undefined]);
    return performance.now() > endsAtMs;
  });
  assert.equal(service.received.length, 1);
});

test('an answer that broke off, or is too long to be kept, is never given again, and nothing runs twice', async (t) => {
  const long = await startService(t, (_req, res) => void res.end('x'.repeat(5000)));
  const broken = await startLyingService(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
  );
  const idempotency = { maxSize: '4kb', lease: '1s' };
  const routes = [
    { prefix: '/long', target: long.url, auth: 'none', idempotency },
    { prefix: '/broken', target: broken.url, auth: 'none', idempotency },
  ];
  const gateway = await startGateway(t, { file: { routes } });
  assert.equal((await post(`${gateway.url}/long`, KEY)).text.length, 5000);
  await assert.rejects(post(`${gateway.url}/broken`, KEY));
  for (const path of ['/long', '/broken']) {
    const { status, json } = await post(gateway.url + path, KEY);
    assert.deepEqual([status, json.code], [409, 'idempotency_unknown'], path);
    assert.match(json.detail, /has answered/);
  }
  assert.deepEqual([long.requests.length, broken.received.length], [1, 1]);
});

test('a slow reader makes no service wait for an answer that is kept, and gets all of it', async (t) => {
  const body = Buffer.from(Array.from({ length: 6_000_000 }, (_, index) => (index * 31) % 251));
  let isSent = false;
  const service = await startService(t, (_req, res) => {
    for (let at = 0; at < body.length; at += 100_000) res.write(body.subarray(at, at + 100_000));
    res.end(() => {
      isSent = true;
    });
  });
  const gateway = await startGateway(t, { file: fileOf(service.url, { maxSize: '8mb' }) });
  const socket = connect(gateway.port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.pause();
  socket.write(
    `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nIdempotency-Key: ${KEY}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  await until(() => isSent);
  const replayed = await until(async () => {
    const answer = await post(gateway.url, KEY, { body: '' });
    return answer.status === 200 && answer;
  });
  assert.deepEqual(replayed.body, body);
  socket.resume();
  await once(socket, 'close');
  assert.ok(Buffer.concat(received).subarray(-100_000).includes(body.subarray(-50_000)));
  assert.ok(Buffer.concat(received).length > body.length);
});

test('a replay goes through all that is made of an answer', async (t) => {
  const service = await startService(t, (_req, res, { headers }) => {
    res.writeHead(200, { 'content-type': 'text/plain', 'x-secret': 'yes', server: 'x/1' });
    res.end(`${headers['x-request-id']} `.repeat(200));
  });
  const edits = { response: { headers: { remove: ['x-secret'], set: { 'x-edited': 'yes' } } } };
  const gateway = await startGateway(t, { file: fileOf(service.url, true, { compress: true, ...edits }) });
  const first = await post(gateway.url, KEY, { headers: { 'accept-encoding': 'gzip' } });
  const plain = await post(gateway.url, KEY);
  const second = await post(gateway.url, KEY, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(first.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(first.body).toString(), plain.text);
  assert.deepEqual(second.body, first.body);
  for (const { headers } of [plain, second])
    assert.deepEqual([headers['x-secret'], headers['x-edited'], headers['server']], [undefined, 'yes', undefined]);
  assert.equal(service.requests.length, 1);
});

test('the service is asked for no coding, since the answer is kept for clients that offer others', async (t) => {
  const service = await startService(t, (_req, res, { headers }) => {
    const isCoded = String(headers['accept-encoding']).includes('gzip');
    const text = 'order '.repeat(500);
    res.writeHead(200, { 'content-type': 'text/plain', ...(isCoded && { 'content-encoding': 'gzip' }) });
    res.end(isCoded ? gzipSync(text) : text);
  });
  for (const compress of [true, false]) {
    const gateway = await startGateway(t, { file: fileOf(service.url, true, { compress }) });
    const first = await post(gateway.url, KEY, { headers: { 'accept-encoding': 'gzip, br' } });
    const second = await post(gateway.url, KEY);
    assert.equal(first.headers['content-encoding'] !== undefined, compress, 'coded for who takes it');
    assert.deepEqual([second.headers['content-encoding'], second.text], [undefined, 'order '.repeat(500)]);
    assert.equal(service.requests.at(-1)?.headers['accept-encoding'], 'identity');
    await post(gateway.url, undefined, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(service.requests.at(-1)?.headers['accept-encoding'], 'gzip', 'without a key nothing is kept');
  }
});

test('a client that leaves before its request was sent uses no key up', async (t) => {
  const orders = await startOrders(t);
  const services = { orders: { targets: [orders.url], bulkhead: { inFlight: 1, queue: 5, wait: '10s' } } };
  const route = { prefix: '/', name: 'orders', service: 'orders', auth: 'none', idempotency: true };
  const gateway = await startGateway(t, { file: { services, routes: [route] } });
  const first = post(`${gateway.url}/slow`, 'first');
  await until(() => orders.requests.length === 1);
  const req = request(`${gateway.url}/x`, { method: 'POST', headers: { 'idempotency-key': KEY } });
  req.on('error', () => undefined);
  req.end('{"n":1}');
  await until(async () => (await post(`${gateway.url}/x`, KEY)).json.code === 'idempotency_in_progress');
  req.destroy();
  await gateway.line({ aborted: 'client' });
  const again = post(`${gateway.url}/x`, KEY);
  orders.release();
  assert.equal((await first).status, 201);
  assert.equal((await again).status, 201);
  assert.equal(orders.requests.length, 2);
});

test('what a client that has left asked for runs no longer than the lease', async (t) => {
  const orders = await startOrders(t);
  const gateway = await startGateway(t, { file: fileOf(orders.url, { lease: '1s' }) });
  const req = request(`${gateway.url}/slow`, { method: 'POST', headers: { 'idempotency-key': KEY } });
  req.on('error', () => undefined);
  req.end('{"n":1}');
  await until(() => orders.requests.length === 1);
  req.destroy();
  await gateway.line({ aborted: 'client' });
  const { status, json } = await post(`${gateway.url}/slow`, KEY);
  assert.deepEqual([status, json.code], [409, 'idempotency_unknown']);
  assert.equal(gateway.gateway.inFlight, 0);
});

test('a client that leaves in the middle of its answer finds all of it', async (t) => {
  let finish = (): void => undefined;
  const service = await startService(t, (_req, res) => {
    res.write('half ');
    finish = () => void res.end('and half');
  });
  const gateway = await startGateway(t, { file: fileOf(service.url) });
  const req = request(gateway.url, { method: 'POST', headers: { 'idempotency-key': KEY } });
  req.on('error', () => undefined);
  req.end('{"n":1}');
  const [res] = await once(req, 'response');
  await once(res, 'data');
  res.destroy();
  await hasLost(gateway);
  assert.equal((await post(gateway.url, KEY)).json.code, 'idempotency_in_progress');
  finish();
  await gateway.line({ aborted: 'client' });
  assert.equal((await post(gateway.url, KEY)).text, 'half and half');
});

test('a client that leaves finds the answer when it comes again', async (t) => {
  const orders = await startOrders(t);
  const gateway = await startGateway(t, { file: fileOf(orders.url) });
  const req = request(`${gateway.url}/slow`, { method: 'POST', headers: { 'idempotency-key': KEY } });
  req.on('error', () => undefined);
  req.end('{"n":1}');
  await until(() => orders.requests.length === 1);
  req.destroy();
  await hasLost(gateway);
  assert.equal((await post(`${gateway.url}/slow`, KEY)).json.code, 'idempotency_in_progress');
  assert.equal(
    gateway.accessLines.some((line) => line.includes('"aborted":"client"')),
    false,
    'it runs on',
  );
  orders.release();
  assert.equal((await gateway.line({ aborted: 'client' })).status, 499);
  const again = await post(`${gateway.url}/slow`, KEY);
  assert.deepEqual([again.status, again.headers['idempotency-replayed']], [201, 'true']);
  assert.equal(orders.requests.length, 1);
});

test('a reload in the middle forgets no key', async (t) => {
  const orders = await startOrders(t);
  const gateway = await startGateway(t, { file: fileOf(orders.url) });
  const first = post(`${gateway.url}/slow`, KEY);
  await until(() => orders.requests.length === 1);
  const { result } = await gateway.reload(fileOf(orders.url, { ttl: '1h' }, { timeouts: { total: '20s' } }));
  assert.equal(result, 'applied');
  assert.equal((await post(`${gateway.url}/slow`, KEY)).status, 409);
  orders.release();
  assert.equal((await first).status, 201);
  assert.equal((await post(`${gateway.url}/slow`, KEY)).headers['idempotency-replayed'], 'true');
  assert.equal(orders.requests.length, 1);
});

test('a service that looks at keys itself may be asked again by the gateway', async (t) => {
  const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok';
  for (const retry of [true, false]) {
    const service = await startLyingService(t, [(socket) => socket.destroy(), ok]);
    const gateway = await startGateway(t, { file: fileOf(service.url, { retry }) });
    assert.equal((await post(gateway.url, KEY)).status, retry ? 200 : 502);
    assert.equal(service.received.length, retry ? 2 : 1);
  }
});

test('an explanation uses no key up, nor does a trial', async (t) => {
  const orders = await startOrders(t);
  const file = fileOf(orders.url, { required: true }, { shadow: ['idempotency'] });
  const gateway = await startGateway(t, { file });
  const ended = Promise.withResolvers<void>();
  const sink = { head() {}, write: () => true, end: () => ended.resolve(), fail: () => ended.resolve() };
  const headers = ['host', 'x', 'idempotency-key', KEY];
  const { context } = gateway.gateway.inProcess({ method: 'POST', target: '/', headers, sink, dryRun: true });
  await ended.promise;
  assert.ok(context.trace?.some(({ stage }) => stage === 'idempotency'));
  assert.equal((await post(gateway.url, undefined)).status, 201);
  assert.equal((await gateway.line({ path: '/' }))['shadow'], 'idempotency:idempotency_key_missing');
  await post(gateway.url, KEY);
  await post(gateway.url, KEY);
  assert.equal(orders.requests.length, 3);
});

test('what runs on without its client counts among the calls of its caller', async (t) => {
  const orders = await startOrders(t);
  const file = fileOf(orders.url, true, { concurrency: { perConsumer: 1 } });
  const gateway = await startGateway(t, { file });
  const req = request(`${gateway.url}/slow`, { method: 'POST', headers: { 'idempotency-key': KEY } });
  req.on('error', () => undefined);
  req.end('{"n":1}');
  await until(() => orders.requests.length === 1);
  req.destroy();
  await hasLost(gateway);
  assert.equal((await ask(gateway.url)).status, 429);
  orders.release();
  await gateway.line({ aborted: 'client' });
  assert.equal((await ask(gateway.url)).status, 201);
});
