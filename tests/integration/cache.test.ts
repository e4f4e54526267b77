import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { type CachedGateway, startCached } from '../support/cache.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const HOUR = { headers: { 'cache-control': 'max-age=3600' } };

const outcomes = async (gateway: CachedGateway, paths: readonly string[], headers = {}): Promise<unknown[]> => {
  const all: unknown[] = [];
  for (const path of paths) all.push((await gateway.get(path, headers)).headers['x-cache']);
  return all;
};

test('a route without `cache` stores nothing, and says nothing of caches', async (t) => {
  const gateway = await startCached(t, { cache: false });
  const seen = gateway.script('/a', [HOUR]);
  assert.deepEqual(await outcomes(gateway, ['/a', '/a']), [undefined, undefined]);
  assert.equal(seen().length, 2);
});

test('five hundred requests for what is not stored make one call', async (t) => {
  let calls = 0;
  let answer: (() => void) | undefined;
  const service = await startService(t, (_req, res) => {
    calls += 1;
    answer = () => res.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 2 }).end('ok');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ name: 'r', prefix: '/', target: service.url, auth: 'none', cache: true }] },
    settings: { maxInFlightPerAddress: 1000 },
  });
  const asked = Promise.all(Array.from({ length: 500 }, () => ask(`${gateway.url}/x`)));
  await until(() => gateway.gateway.inFlight === 500);
  answer?.();
  const answers = await asked;
  assert.equal(calls, 1);
  assert.ok(answers.every(({ status, text }) => status === 200 && text === 'ok'));
  assert.equal(answers.filter(({ headers }) => /collapsed/.test(String(headers['cache-status']))).length, 499);
  assert.match(await gateway.metrics(), /turnpike_cache_lookups_total\{route="r",result="hit"\} 499/);
});

test('nobody waits for an answer that is for its asker alone', async (t) => {
  const waiting: (() => void)[] = [];
  const service = await startService(t, (_req, res) => {
    waiting.push(() => res.writeHead(200, { 'cache-control': 'private' }).end('mine'));
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] },
  });
  const firstRound = Promise.all(Array.from({ length: 5 }, () => ask(`${gateway.url}/x`)));
  await until(() => gateway.gateway.inFlight === 5);
  assert.equal(waiting.length, 1);
  waiting[0]?.();
  await until(() => waiting.length === 5);
  for (const go of waiting.slice(1)) go();
  await firstRound;
  const secondRound = Promise.all(Array.from({ length: 5 }, () => ask(`${gateway.url}/x`)));
  await until(() => waiting.length === 10);
  for (const go of waiting.slice(5)) go();
  await secondRound;
});

test('once an answer was for everybody, all callers wait for one of them', async (t) => {
  const keys = Array.from({ length: 20 }, () => createApiKey());
  const waiting: (() => void)[] = [];
  let aheadMs = 0;
  const service = await startService(t, (_req, res) => {
    const date = new Date(Date.now() + aheadMs).toUTCString();
    waiting.push(() =>
      res.writeHead(200, { date, 'cache-control': 'public, max-age=10', 'content-length': 2 }).end('ok'),
    );
  });
  const gateway = await startGateway(t, {
    clock: { now: () => Date.now() + aheadMs },
    file: {
      consumers: keys.map((key, at) => ({ name: `app-${at}`, keys: [{ id: `k${at}`, sha256: hashApiKey(key) }] })),
      routes: [{ prefix: '/', target: service.url, auth: 'api-key', cache: true }],
    },
  });
  const call = (key: string | undefined) => ask(`${gateway.url}/x`, { headers: { 'x-api-key': key ?? '' } });
  const first = call(keys[0]);
  await until(() => waiting.length === 1);
  waiting[0]?.();
  await first;
  aheadMs += 3_600_000;
  const all = Promise.all(keys.map(call));
  await until(() => gateway.gateway.inFlight === keys.length);
  assert.equal(waiting.length, 2);
  waiting[1]?.();
  assert.ok((await all).every(({ text }) => text === 'ok'));
  assert.equal(waiting.length, 2);
});

test('nobody waits for an answer that must be asked for each time, though it is stored', async (t) => {
  const waiting: (() => void)[] = [];
  const service = await startService(t, (req, res) => {
    const fields = { etag: '"a"', 'cache-control': 'no-cache' };
    if (req.headers['if-none-match'] === '"a"') waiting.push(() => res.writeHead(304, fields).end());
    else waiting.push(() => res.writeHead(200, { ...fields, 'content-length': 2 }).end('ok'));
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] },
  });
  const ten = () => Promise.all(Array.from({ length: 10 }, () => ask(`${gateway.url}/x`)));
  const first = ten();
  await until(() => gateway.gateway.inFlight === 10);
  waiting[0]?.();
  await until(() => waiting.length === 10);
  for (const go of waiting.slice(1)) go();
  await first;
  const second = ten();
  await until(() => waiting.length === 20);
  for (const go of waiting.slice(10)) go();
  assert.ok((await second).every(({ headers, text }) => text === 'ok' && headers['x-cache'] === 'REVALIDATED'));
});

test('a failure frees those that wait, and one of them asks next', async (t) => {
  let calls = 0;
  const service = await startLyingService(t, (socket) => {
    calls += 1;
    if (calls > 1) socket.write('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nok');
    else setTimeout(() => socket.destroy(), 50);
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true, retry: false }] },
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(`${gateway.url}/x`)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array.from({ length: 19 }, () => 200), 502]);
  assert.equal(calls, 2);
});

test('a client that leaves frees those that wait for its answer', async (t) => {
  const waiting: (() => void)[] = [];
  const service = await startService(t, (_req, res) => {
    waiting.push(() => res.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 2 }).end('ok'));
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] },
  });
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(`GET /x HTTP/1.1\r\nhost: 127.0.0.1:${gateway.port}\r\n\r\n`);
  await until(() => waiting.length === 1);
  const second = ask(`${gateway.url}/x`);
  await until(() => gateway.gateway.inFlight === 2);
  socket.destroy();
  await until(() => waiting.length === 2);
  waiting[1]?.();
  assert.equal((await second).text, 'ok');
});

test('what is stale is given while it is asked for anew, once', async (t) => {
  const gateway = await startCached(t);
  const seen = gateway.script('/a', [
    { headers: { 'cache-control': 'max-age=10, stale-while-revalidate=60', etag: '"1"' } },
    { status: 304, headers: { 'cache-control': 'max-age=10, stale-while-revalidate=60', etag: '"1"' } },
  ]);
  await gateway.get('/a');
  gateway.pass(20);
  const stale = await gateway.get('/a', { 'if-none-match': '"other"', range: 'bytes=0-1' });
  assert.deepEqual([stale.status, stale.text, stale.headers['x-cache']], [206, 'an', 'STALE']);
  await until(() => seen().length === 2);
  assert.deepEqual([seen()[1]?.headers['if-none-match'], seen()[1]?.headers['range']], ['"1"', undefined]);
  await until(async () => (await gateway.get('/a')).headers['x-cache'] === 'HIT');
  assert.equal(seen().length, 2);
  const line = await gateway.line({ cache: 'stale' });
  assert.deepEqual([line.status, line['attempts'] ?? 0], [206, 0]);
});

test('a service that fails while it is asked anew gives every place back', async (t) => {
  const gateway = await startCached(t, { api: { bulkhead: { inFlight: 2, queue: 0 } } });
  for (let i = 0; i < 10; i++) {
    gateway.script(`/${i}`, [{ headers: { 'cache-control': 'max-age=10, stale-while-revalidate=600' } }]);
    await gateway.get(`/${i}`);
  }
  const { port } = gateway.service;
  await gateway.service.stop();
  gateway.pass(20);
  for (let i = 0; i < 10; i++) assert.equal((await gateway.get(`/${i}`)).text, 'answer 1');
  await until(() => gateway.gateway.inFlight === 0);
  await startService(t, (_req, res) => res.end('back'), { port });
  await until(async () => (await gateway.get('/new')).text === 'back');
});

test('an endless answer to what is asked behind a stale one is broken off', async (t) => {
  let closed = false;
  let calls = 0;
  const service = await startService(t, (_req, res) => {
    calls += 1;
    if (calls === 1) {
      res.writeHead(200, { 'cache-control': 'max-age=1, stale-while-revalidate=600', 'content-length': 2 }).end('ok');
      return;
    }
    res.on('close', () => {
      closed = true;
    });
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: 1\n\n');
  });
  let aheadMs = 0;
  const gateway = await startGateway(t, {
    clock: { now: () => Date.now() + aheadMs },
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] },
  });
  await ask(`${gateway.url}/x`);
  aheadMs += 10_000;
  assert.equal((await ask(`${gateway.url}/x`)).headers['x-cache'], 'STALE');
  await until(() => closed);
});

test('a 304 that speaks of another answer than the one that was asked for updates nothing', async (t) => {
  const gateway = await startCached(t);
  const seen = gateway.script('/a', [
    { headers: { 'cache-control': 'max-age=1', etag: '"a"', x: '1' } },
    { status: 304, headers: { 'cache-control': 'max-age=600', etag: '"b"', x: '2' } },
    HOUR,
  ]);
  await gateway.get('/a');
  gateway.pass(5);
  const strange = await gateway.get('/a');
  assert.deepEqual([strange.status, strange.text, strange.headers['x']], [200, 'answer 1', '1']);
  assert.equal((await gateway.get('/a')).text, 'answer 3');
  assert.equal(seen()[2]?.headers['if-none-match'], undefined);
});

test('a dead service, and then its open circuit, are answered with what is stale', async (t) => {
  const gateway = await startCached(t, {
    cache: { staleIfError: '1h' },
    route: { circuitBreaker: { minimumRequests: 2 } },
  });
  gateway.script('/a', [{ headers: { 'cache-control': 'max-age=10' } }]);
  await gateway.get('/a');
  await gateway.service.stop();
  gateway.pass(20);
  for (let i = 0; i < 10; i++) {
    const answer = await gateway.get('/a');
    assert.deepEqual([answer.status, answer.text, answer.headers['x-cache']], [200, 'answer 1', 'STALE']);
  }
  assert.equal((await gateway.get('/b')).json.code, 'circuit_open');
  gateway.pass(4000);
  assert.equal((await gateway.get('/a')).status, 503);
});

test('`ttl` is for answers that say nothing of their freshness', async (t) => {
  const gateway = await startCached(t, { cache: { ttl: '30s' } });
  gateway.script('/plain', [{}]);
  gateway.script('/short', [{ headers: { 'cache-control': 'max-age=5' } }]);
  gateway.script('/never', [{ headers: { 'cache-control': 'no-store' } }]);
  gateway.script('/lost', [{ status: 404 }]);
  for (const path of ['/plain', '/short', '/never', '/lost']) await gateway.get(path);
  gateway.pass(10);
  assert.deepEqual(await outcomes(gateway, ['/plain', '/short', '/never', '/lost']), [
    'HIT',
    'EXPIRED',
    'MISS',
    'MISS',
  ]);
  gateway.pass(25);
  assert.deepEqual(await outcomes(gateway, ['/plain']), ['EXPIRED']);
});

test('a lifetime is guessed where the route asks for it', async (t) => {
  const gateway = await startCached(t, { cache: { heuristic: true } });
  const modified = { headers: { 'last-modified': gateway.date(-1000) } };
  gateway.script('/a', [modified]);
  gateway.script('/created', [{ ...modified, status: 201 }]);
  assert.deepEqual(await outcomes(gateway, ['/a', '/a', '/created', '/created']), ['MISS', 'HIT', 'MISS', 'MISS']);
  gateway.pass(101);
  assert.deepEqual(await outcomes(gateway, ['/a']), ['EXPIRED']);
});

test('the key: parameters, fields and values that make a difference', async (t) => {
  const key = {
    query: ['page', 'sort'],
    headers: ['x-region'],
    values: ['${"lang" in request.headers ? request.headers.lang : ""}'],
  };
  const gateway = await startCached(t, { cache: { ttl: '1h', key } });
  const seen = gateway.script('/a', [{}]);
  assert.deepEqual(await outcomes(gateway, ['/a?page=1&utm=7', '/a?utm=8&page=1', '/a?page=2', '/a?page=1&sort=x']), [
    'MISS',
    'HIT',
    'MISS',
    'MISS',
  ]);
  assert.deepEqual(
    seen().map(({ path }) => path),
    ['/a?page=1', '/a?page=2', '/a?page=1&sort=x'],
  );
  assert.deepEqual(await outcomes(gateway, ['/a?page=1', '/a?page=1'], { 'x-region': 'eu' }), ['MISS', 'HIT']);
  assert.deepEqual(await outcomes(gateway, ['/a?page=1', '/a?page=1'], { lang: 'de' }), ['MISS', 'HIT']);
  assert.deepEqual(await outcomes(gateway, ['/a?page=1'], { lang: 'fr' }), ['MISS']);
});

test('an answer streams on to its client while it is stored, and is there for others once it is whole', async (t) => {
  let finish: (() => void) | undefined;
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.write('first ');
    finish = () => res.end('last');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] },
  });
  const response = await fetch(`${gateway.url}/x`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'first ');
  finish?.();
  await reader.read();
  await reader.read();
  const again = await ask(`${gateway.url}/x`);
  assert.deepEqual([again.text, again.headers['x-cache'], service.requests.length], ['first last', 'HIT', 1]);
});

test('the store stays within its bound, and keeps what was used last', async (t) => {
  const gateway = await startCached(t, { top: { cacheMemory: '1mb' } });
  const body = 'x'.repeat(30_000);
  for (let i = 0; i < 100; i++) {
    gateway.script(`/${i}`, [{ ...HOUR, body }]);
    await gateway.get(`/${i}`);
    if (i > 0) await gateway.get('/0');
  }
  const metrics = await gateway.metrics();
  const bytes = Number(/turnpike_cache_bytes (\d+)/.exec(metrics)?.[1]);
  const entries = Number(/turnpike_cache_entries (\d+)/.exec(metrics)?.[1]);
  assert.ok(bytes <= 1024 * 1024 && bytes > 900_000, `${bytes} bytes`);
  assert.ok(entries > 20 && entries < 35, `${entries} entries`);
  assert.deepEqual(await outcomes(gateway, ['/0', '/99', '/1']), ['HIT', 'HIT', 'MISS']);
  gateway.script('/large', [{ ...HOUR, body: 'x'.repeat(70_000) }]);
  assert.deepEqual(await outcomes(gateway, ['/large', '/large']), ['MISS', 'MISS']);
});

test('a reload keeps what is stored, but of routes that were changed', async (t) => {
  const service = await startService(t, (_req, res) =>
    res.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 2 }).end('ok'),
  );
  const route = (prefix: string, more = {}) => ({ prefix, target: service.url, auth: 'none', cache: true, ...more });
  const gateway = await startGateway(t, { file: { routes: [route('/a'), route('/b')] } });
  for (const path of ['/a', '/b']) await ask(gateway.url + path);
  const reloaded = await gateway.reload({ routes: [route('/a'), route('/b', { cache: { ttl: '1m' } })] });
  assert.equal(reloaded.result, 'applied');
  const answers = [await ask(`${gateway.url}/a`), await ask(`${gateway.url}/b`)];
  assert.deepEqual(
    answers.map(({ headers }) => headers['x-cache']),
    ['HIT', 'MISS'],
  );
});

test('another bound is in force with the reload that brings it', async (t) => {
  const gateway = await startCached(t, { top: { cacheMemory: '64kb' } });
  gateway.script('/a', [{ ...HOUR, body: 'x'.repeat(50_000) }]);
  assert.deepEqual(await outcomes(gateway, ['/a', '/a']), ['MISS', 'MISS']);
  const routes = [{ prefix: '/', target: gateway.service.url, auth: 'none', cache: true }];
  await gateway.reload({ cacheMemory: '2mb', routes });
  gateway.script('/b', [{ ...HOUR, body: 'x'.repeat(50_000) }]);
  assert.deepEqual(await outcomes(gateway, ['/a', '/a', '/b', '/b']), ['MISS', 'HIT', 'MISS', 'HIT']);
  await gateway.reload({ cacheMemory: '64kb', routes });
  assert.match(await gateway.metrics(), /turnpike_cache_entries 1\n/);
});

test('x-cache-expire reaches its own route, and no other one', async (t) => {
  const gateway = await startCached(t, {
    routes: [{ name: 'other', prefix: '/other', service: 'api', stripPrefix: false, auth: 'none', cache: true }],
  });
  gateway.script('/numbers', [HOUR]);
  gateway.script('/letters', [HOUR]);
  gateway.script('/other/numbers', [HOUR]);
  const paths = ['/numbers', '/letters', '/other/numbers'];
  for (const path of paths) await gateway.get(path);
  gateway.pass(1);
  gateway.script('/change', [{ headers: { 'x-cache-expire': '*/numbers' } }]);
  const changed = await gateway.get('/change', {}, { method: 'POST' });
  assert.equal(changed.headers['x-cache-expire'], undefined);
  gateway.pass(1);
  assert.deepEqual(await outcomes(gateway, paths), ['MISS', 'HIT', 'HIT']);
});

test('a method that changes something invalidates for the routes beside its own', async (t) => {
  const gateway = await startCached(t, {
    route: { name: 'read', methods: ['GET'] },
    routes: [{ name: 'write', prefix: '/', methods: ['POST'], service: 'api', auth: 'none', cache: true }],
  });
  gateway.script('/a', [HOUR]);
  await gateway.get('/a');
  await gateway.get('/a', {}, { method: 'POST' });
  assert.deepEqual(await outcomes(gateway, ['/a']), ['MISS']);
});

test('purges: by tag, URL, pattern, route, and all', async (t) => {
  const gateway = await startCached(t, { route: { name: 'api' } });
  const purge = async (query: string) => {
    const answer = await fetch(`${gateway.adminUrl}/cache/purge?${query}`, { method: 'POST' });
    gateway.pass(1);
    return answer.status;
  };
  gateway.script('/tagged', [{ headers: { ...HOUR.headers, 'cache-tag': 'a, b', 'surrogate-key': 'c d' } }]);
  gateway.script('/users/1', [HOUR]);
  gateway.script('/users/2', [HOUR]);
  const paths = ['/tagged', '/users/1?x=1', '/users/2'];
  const lookAfter = async (query: string) => {
    await outcomes(gateway, paths);
    gateway.pass(1);
    assert.equal(await purge(query), 200, query);
    return outcomes(gateway, paths);
  };
  assert.deepEqual(await lookAfter('tag=d'), ['MISS', 'HIT', 'HIT']);
  assert.deepEqual(await lookAfter('tag=b'), ['MISS', 'HIT', 'HIT']);
  assert.deepEqual(await lookAfter('tag=e'), ['HIT', 'HIT', 'HIT']);
  assert.deepEqual(await lookAfter(`url=${encodeURIComponent(`${gateway.url}/users/1?x=1`)}`), ['HIT', 'MISS', 'HIT']);
  assert.deepEqual(await lookAfter('pattern=/users/*'), ['HIT', 'MISS', 'MISS']);
  assert.deepEqual(await lookAfter('route=api'), ['MISS', 'MISS', 'MISS']);
  assert.deepEqual(await lookAfter('all=true'), ['MISS', 'MISS', 'MISS']);
  assert.deepEqual(
    [
      await purge('route=nobody'),
      await purge('tag='),
      await purge('what=1'),
      await purge('tag=a&route=api'),
      await purge('url=/x'),
    ],
    [404, 400, 400, 400, 400],
  );
  const read = await fetch(`${gateway.adminUrl}/cache/purge?all=true`);
  assert.equal(read.status, 405);
});

test('a part of an aggregate is answered by the cache of its own route', async (t) => {
  const gateway = await startCached(t, {
    route: { prefix: '/users', stripPrefix: false },
    routes: [{ prefix: '/all', auth: 'none', aggregate: { user: { route: '/users/1' } } }],
  });
  const seen = gateway.script('/users/1', [
    { headers: { 'cache-control': 'max-age=60', 'content-type': 'application/json' }, body: '{"id":1}' },
  ]);
  for (let i = 0; i < 3; i++) assert.deepEqual((await gateway.get('/all')).json, { user: { id: 1 } });
  assert.equal(seen().length, 1);
});

test('hits are told in the log and the metrics, and pass the edits of answers', async (t) => {
  const gateway = await startCached(t, {
    route: { name: 'api', response: { headers: { set: { 'x-edited': 'yes' } } } },
  });
  gateway.script('/a', [HOUR]);
  await gateway.get('/a');
  const hit = await gateway.get('/a');
  assert.deepEqual([hit.headers['x-cache'], hit.headers['x-edited']], ['HIT', 'yes']);
  const line = await gateway.line({ cache: 'hit' });
  assert.deepEqual([line.status, line['route']], [200, 'api']);
  assert.match(await gateway.metrics(), /turnpike_cache_lookups_total\{route="api",result="hit"\} 1/);
});
