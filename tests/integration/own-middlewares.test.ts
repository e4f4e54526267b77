import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { startOwn } from '../support/own-modules.ts';
import { until } from '../support/until.ts';

test('a plain middleware of Express tells the client something, and lets the request go on', async (t) => {
  const { gateway } = await startOwn(
    t,
    `export default function probe(req, res, next) {
      res.setHeader('X-Powered', 'me');
      res.cookie?.('a', '1');
      setTimeout(next, 5);
    }`,
  );
  const answer = await ask(`${gateway.url}/a/x`);
  assert.deepEqual([answer.status, answer.headers['x-powered'], answer.json.path], [200, 'me', '/x']);
  assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/']);
  assert.equal((await ask(`${gateway.url}/b`)).headers['x-powered'], undefined);
});

test('a middleware answers with the methods of Express and of Node', async (t) => {
  const { gateway, service } = await startOwn(
    t,
    `export default (req, res, next) => {
      const what = req.query.do;
      if (what === 'json') return res.status(201).json({ hello: req.path });
      if (what === 'send') return res.type('html').send('<p>x</p>');
      if (what === 'redirect') return res.redirect(302, '/elsewhere');
      if (what === 'node') { res.writeHead(418, { 'x-a': ['1', '2'] }); res.write('a'); res.end('b'); return; }
      if (what === 'status') return res.sendStatus(402);
      if (what === 'empty') { res.statusCode = 204; res.end('no body'); return; }
      if (what === 'wrong') { res.statusCode = 101; res.end(); return; }
      res.type('text/css');
      next();
    };`,
  );
  const get = (what: string, method = 'GET') => ask(`${gateway.url}/a?do=${what}`, { method });
  const json = await get('json');
  assert.deepEqual(
    [json.status, json.json, json.headers['content-type']],
    [201, { hello: '/a' }, 'application/json; charset=utf-8'],
  );
  const html = await get('send');
  assert.deepEqual(
    [html.text, html.headers['content-type'], html.headers['content-length']],
    ['<p>x</p>', 'text/html; charset=utf-8', '8'],
  );
  assert.equal((await get('send', 'HEAD')).headers['content-length'], '8');
  const redirect = await get('redirect');
  assert.deepEqual([redirect.status, redirect.headers.location], [302, '/elsewhere']);
  const node = await get('node');
  assert.deepEqual([node.status, node.text, node.headers['x-a']], [418, 'ab', '1, 2']);
  assert.deepEqual([(await get('status')).status, (await get('status')).text], [402, 'Payment Required']);
  const empty = await get('empty');
  assert.deepEqual([empty.status, empty.text, empty.headers['content-length']], [204, '', undefined]);
  assert.equal((await get('wrong')).json.code, 'stage_failed');
  assert.equal(service.requests.length, 0);
  assert.equal((await get('')).headers['content-type'], 'application/json');
});

test('middlewares from npm do their work', async (t) => {
  const source = `import cors from ${JSON.stringify(import.meta.resolve('cors'))};
    import helmet from ${JSON.stringify(import.meta.resolve('helmet'))};
    const both = [cors({ origin: 'https://shop.test', exposedHeaders: ['x-a'] }), helmet.contentSecurityPolicy()];
    export default (req, res, next) => both[0](req, res, (error) => error ? next(error) : both[1](req, res, next));`;
  const { gateway } = await startOwn(t, source, { name: 'probe.mjs' });
  const answer = await ask(`${gateway.url}/a`, { headers: { origin: 'https://shop.test' } });
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-security-policy']), /default-src 'self'/);
  assert.equal(answer.headers['access-control-expose-headers'], 'x-a');
});

test('a middleware that fails, hangs, answers twice or takes the body ends its own request alone', async (t) => {
  const { gateway } = await startOwn(
    t,
    `module.exports = function probe(req, res, next) {
      const what = req.query.do;
      if (what === 'throw') throw new Error('boom');
      if (what === 'error') return next(new Error('boom'));
      if (what === 'reject') return Promise.reject(new Error('boom'));
      if (what === 'hang') return;
      if (what === 'body') { req.on('data', () => {}); req.on('end', next); return; }
      if (what === 'twice') { next(); next(); res.end('late'); return; }
      if (what === 'ends') { res.end('one'); next(); res.end('two'); return; }
      next();
    };`,
    { name: 'probe.cjs' },
  );
  const get = (what: string) => ask(`${gateway.url}/a?do=${what}`);
  for (const what of ['throw', 'error', 'reject', 'hang']) {
    const answer = await get(what);
    assert.deepEqual([answer.status, answer.json.code], [500, 'stage_failed'], what);
  }
  assert.equal((await ask(`${gateway.url}/a?do=body`, { method: 'POST', body: 'x' })).json.code, 'stage_failed');
  assert.equal((await get('twice')).json.method, 'GET');
  assert.equal((await get('ends')).text, 'one');
  assert.equal((await get('')).status, 200);
  await until(async () => /failures_total\{stage="probe",reason="twice"\} [34]/.test(await gateway.metrics()));
  await until(() => gateway.gateway.inFlight === 0);
});

test('a middleware that loses the body of the request fails, and the service is sent none that is cut', async (t) => {
  const { gateway, service } = await startOwn(
    t,
    `module.exports = function probe(req, res, next) {
      const what = req.query.do;
      if (what === 'resume') req.resume();
      if (what === 'headers') req.headers = {};
      if (what === 'length') delete req.headers['content-length'];
      if (what === 'readable') req.on('readable', () => {});
      next();
    };`,
    { name: 'probe.cjs' },
  );
  const post = (what: string) => ask(`${gateway.url}/a?do=${what}`, { method: 'POST', body: 'an order' });
  for (const what of ['resume', 'headers', 'length', 'readable'])
    assert.equal((await post(what)).json.code, 'stage_failed', what);
  assert.equal(service.requests.length, 0);
  assert.equal((await post('')).json.bodyBytes, 8);
  assert.equal((await ask(`${gateway.url}/a?do=resume`)).status, 200);
});

test('a middleware sees nothing of what a client may not tell services', async (t) => {
  const { gateway } = await startOwn(
    t,
    `module.exports = function probe(req, res, next) {
      const isForged = (text) => String(text).includes('forged');
      const seen = [
        ...Object.keys(req.headers).filter((name) => isForged(req.headers[name])),
        ...Object.keys(req.headersDistinct).filter((name) => isForged(req.headersDistinct[name])),
        ...req.rawHeaders.filter((name, at) => isForged(req.rawHeaders[at + 1])),
      ];
      res.json({ seen, host: req.headers.host });
    };`,
    { name: 'probe.cjs' },
  );
  const names = [
    'x-user-id',
    'x-consumer-name',
    'x-forwarded-for',
    'remote-user',
    'client-cert',
    'x-real-ip',
    'forwarded',
    'x-original-url',
  ];
  const headers = { ...Object.fromEntries(names.map((name) => [name, 'forged'])), host: 'shop.test' };
  assert.deepEqual((await ask(`${gateway.url}/a`, { headers })).json, { seen: [], host: 'shop.test' });
});

test('a middleware that waits for the end of the response hears of it', async (t) => {
  const { gateway } = await startOwn(
    t,
    `import { appendFileSync } from 'node:fs';
     export default (req, res, next) => {
       res.on('finish', () => process.emit('turnpike-test-finish', res.statusCode));
       next();
     };`,
  );
  const heard: unknown[] = [];
  const listen = (status: unknown): void => void heard.push(status);
  process.on('turnpike-test-finish' as 'beforeExit', listen as () => void);
  t.after(() => process.off('turnpike-test-finish' as 'beforeExit', listen as () => void));
  await ask(`${gateway.url}/a`);
  await until(() => heard.length === 1);
  assert.deepEqual(heard, [200]);
});

test('a middleware says what it says to caches of k-fastify-gateway', async (t) => {
  let asked = 0;
  const { gateway } = await startOwn(
    t,
    `export default (req, res, next) => {
      if (req.query.off !== undefined) req.cacheDisabled = true;
      req.cacheKey = req.headers['x-variant'];
      next();
    };`,
    {
      route: { cache: true },
      handler(_req, res) {
        asked += 1;
        res.writeHead(200, { 'cache-control': 'max-age=60' });
        res.end(String(asked));
      },
    },
  );
  const get = async (variant: string, query = '') =>
    (await ask(`${gateway.url}/a${query}`, { headers: { 'x-variant': variant } })).text;
  assert.deepEqual([await get('a'), await get('b'), await get('a')], ['1', '2', '1']);
  assert.deepEqual([await get('a', '?off'), await get('a', '?off')], ['3', '4']);
});

test('a middleware that hears of the head by writeHead hears of every head, and what it sets is on the answer', async (t) => {
  const { gateway } = await startOwn(
    t,
    `export default function timed(req, res, next) {
      const own = res.writeHead;
      res.writeHead = function (...args) {
        res.setHeader('x-took', '5ms of ' + args[0]);
        return own.apply(this, args);
      };
      if (req.query.do === 'own') return res.json({ a: 1 });
      if (req.query.do === 'fail') return next(Object.assign(new Error('who are you?'), { status: 401 }));
      next();
    }`,
  );
  const passed = await ask(`${gateway.url}/a/x`);
  assert.deepEqual([passed.status, passed.headers['x-took']], [200, '5ms of 200']);
  const own = await ask(`${gateway.url}/a?do=own`);
  assert.deepEqual([own.json, own.headers['x-took']], [{ a: 1 }, '5ms of 200']);
});

test('an error that tells what the client has done wrong refuses with its status, any other fails the stage', async (t) => {
  const { gateway } = await startOwn(
    t,
    `export default (req, res, next) => {
      const { status } = req.query;
      next(Object.assign(new Error('who are you?'), { status: Number(status) }));
    };`,
  );
  const refused = await ask(`${gateway.url}/a?status=401`);
  assert.deepEqual([refused.status, refused.json.code, refused.json.detail], [401, 'stage_refused', 'who are you?']);
  for (const status of [500, 200, 999]) {
    const failed = await ask(`${gateway.url}/a?status=${status}`);
    assert.deepEqual([failed.status, failed.json.code], [500, 'stage_failed']);
    assert.doesNotMatch(failed.text, /who are you/);
  }
});

test('one that waits for the end of answers by res.end is warned of, once', async (t) => {
  const { gateway } = await startOwn(t, 'export default (req, res, next) => { res.end = () => res; next(); };');
  for (let i = 0; i < 3; i += 1) assert.equal((await ask(`${gateway.url}/a/x`)).status, 200);
  assert.equal(gateway.messages.filter((line) => line.includes('it replaces write or end')).length, 1);
});
