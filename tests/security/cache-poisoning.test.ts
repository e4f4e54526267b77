import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCached } from '../support/cache.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw } from '../support/http.ts';
import { startLyingService, startService } from '../support/service.ts';

/** The attack: to have an answer stored that others are then given, or half of one. */

const HOUR = { 'cache-control': 'public, max-age=3600' };

/** The service answers with all that it was told that could colour an answer. */
async function startEchoing(t: Parameters<typeof startCached>[0], options: Parameters<typeof startCached>[1] = {}) {
  const gateway = await startCached(t, options);
  const echo = ({ path, headers }: { path: string; headers: object }) => ({
    headers: HOUR,
    body: JSON.stringify({ path, headers }),
  });
  const paths = new Map<string, () => readonly unknown[]>();
  const at = (path: string) => paths.get(path) ?? paths.set(path, gateway.script(path, echo)).get(path);
  return {
    gateway,
    at,
    call: async (path: string, headers: Record<string, string> = {}) => {
      at(path.split('?')[0] as string);
      return gateway.get(path, headers);
    },
  };
}

test('fields that name another host, path or address do not colour what others get', async (t) => {
  const { call } = await startEchoing(t);
  const fields = [
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Port', '666'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-Scheme', 'evil'],
    ['X-Forwarded-Server', 'evil.example'],
    ['X-Forwarded-For', '6.6.6.6'],
    ['X-Real-IP', '6.6.6.6'],
    ['Forwarded', 'host=evil.example'],
    ['X-Original-URL', '/evil'],
    ['X-Rewrite-URL', '/evil'],
    ['X-Original-Host', 'evil.example'],
    ['X-Host', 'evil.example'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Method-Override', 'EVIL'],
    ['X-HTTP-Host-Override', 'evil.example'],
    ['X_Forwarded_Host', 'evil.example'],
    ['X-User-Id', 'evil'],
  ];
  for (const [index, [name, value]] of fields.entries()) {
    const path = `/p${index}`;
    await call(path, { [name as string]: value as string });
    const innocent = await call(path);
    assert.doesNotMatch(innocent.text, /evil|6\.6\.6\.6|"x-forwarded-port":"666"|x-forwarded-proto":"https/i, name);
  }
});

test('each host and port has answers of its own, and so has each scheme', async (t) => {
  const { gateway, at } = await startEchoing(t, { env: { TRUST_PROXY: '1' } });
  at('/a');
  const get = async (host: string, proto = 'http') => {
    const raw = await askRaw(
      gateway.port,
      `GET /a HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Proto: ${proto}\r\nConnection: close\r\n\r\n`,
    );
    return raw;
  };
  const hosts = ['a.example', 'b.example', 'a.example:8080', 'a.example:80', 'A.example'];
  for (const host of hosts) for (const proto of ['http', 'https']) await get(host, proto);
  for (const host of hosts) {
    for (const proto of ['http', 'https']) {
      const answer = await get(host, proto);
      assert.match(answer, /x-cache: HIT/i);
      assert.ok(
        answer.includes(`"x-forwarded-host":"${host}"`) && answer.includes(`"x-forwarded-proto":"${proto}"`),
        host,
      );
    }
  }
});

test('paths that some read as one are several here, and each has what its service said of it', async (t) => {
  const gateway = await startCached(t);
  const targets = [
    '/me/x.css',
    '/me;x.css',
    '/me%2Fx.css',
    '/me',
    '/me/',
    '/me%3Bx.css',
    '/me.css',
    '/ME/x.css',
    '/me?x.css',
    '/me%3Fx.css',
    '/me%23x.css',
  ];
  for (const [index, target] of targets.entries()) {
    gateway.script(target.split('?')[0] as string, ({ path }) => ({ headers: HOUR, body: `${index}: ${path}` }));
    await gateway.get(target);
  }
  for (const target of targets) {
    const { text, status } = await gateway.get(target);
    if (status === 200) assert.equal(text.split(': ')[1], target);
    else assert.equal(status, 400, target);
  }
});

test('a query is never taken for another one', async (t) => {
  for (const cache of [true, { key: { query: ['a', 'b', 'c'] } }]) {
    const { call } = await startEchoing(t, { cache });
    const queries = [
      '?a=1&b=2',
      '?a=1%26b=2',
      '?a=1%26b%3D2',
      '?a=1;b=2',
      '?a=1&b',
      '?a=1&b=',
      '?a=1',
      '?a=%31',
      '?a=1&a=2',
      '?a=2&a=1',
      '?b=2&a=1',
      '',
      '?a=1,b=2',
      '?a[]=1&b=2',
      '?%61=1&b=2',
      '?a=1&c=%00',
    ];
    const first = new Map<string, string>();
    for (const query of queries) first.set(query, (await call(`/q${query}`)).json.path);
    for (const query of queries) assert.equal((await call(`/q${query}`)).json.path, first.get(query), query);
    for (const query of queries) if (cache === true) assert.equal(first.get(query), `/q${query}`);
  }
});

test('parameters that are not in the key reach nobody', async (t) => {
  const { call } = await startEchoing(t, { cache: { key: { query: ['page'] } } });
  const poisoned = await call('/q?page=1&callback=evil&x=evil');
  assert.equal(poisoned.json.path, '/q?page=1');
  assert.doesNotMatch((await call('/q?page=1')).text, /evil/);
});

test('a GET with a body neither reads nor fills the store', async (t) => {
  const gateway = await startCached(t);
  const seen = gateway.script('/fat', ({ body }) => ({ headers: HOUR, body: `echo ${body.toString()}` }));
  const fat = (body: string) => gateway.get('/fat', { 'content-length': String(body.length) }, { body });
  assert.equal((await fat('evil')).text, 'echo evil');
  assert.equal((await gateway.get('/fat')).text, 'echo ');
  assert.equal((await fat('evil')).text, 'echo evil');
  assert.equal((await gateway.get('/fat')).text, 'echo ');
  assert.equal(seen().length, 3);
});

test('what the edits of a route tell the service of one caller is not for the next one', async (t) => {
  const gateway = await startCached(t, { route: { request: { headers: { rename: { 'x-lang': 'x-language' } } } } });
  gateway.script('/a', ({ headers }) => ({ headers: HOUR, body: String(headers['x-language']) }));
  assert.equal((await gateway.get('/a', { 'x-lang': 'de' })).text, 'de');
  assert.equal((await gateway.get('/a', { 'x-lang': 'fr' })).text, 'fr');
  assert.equal((await gateway.get('/a')).text, 'undefined');
});

test('half an answer is never given as a whole one', async (t) => {
  const heads = [
    'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 10\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n\r\nhalf',
    'HTTP/1.0 200 OK\r\ncache-control: max-age=60\r\n\r\nhalf',
  ];
  for (const half of heads) {
    let calls = 0;
    const service = await startLyingService(t, (socket) => {
      calls += 1;
      if (calls === 1) socket.end(half);
      else socket.write('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 5\r\n\r\nwhole');
    });
    const gateway = await startGateway(t, {
      file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true, retry: false }] },
    });
    await ask(`${gateway.url}/x`).catch(() => undefined);
    assert.equal((await ask(`${gateway.url}/x`)).text, 'whole', half);
    assert.equal((await ask(`${gateway.url}/x`)).headers['x-cache'], 'HIT');
  }
});

test('an answer whose client left in the middle is not stored', async (t) => {
  let calls = 0;
  const service = await startService(t, (_req, res) => {
    calls += 1;
    res.writeHead(200, { 'cache-control': 'max-age=60' });
    res.write('half');
    if (calls > 1) res.end(' and all');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none', cache: true }] },
  });
  const controller = new AbortController();
  const response = await fetch(`${gateway.url}/x`, { signal: controller.signal });
  await (response.body as ReadableStream<Uint8Array>).getReader().read();
  controller.abort();
  assert.equal((await ask(`${gateway.url}/x`)).text, 'half and all');
});

test('the answer to a HEAD is not given to a GET, and takes no body away', async (t) => {
  const gateway = await startCached(t);
  gateway.script('/a', [{ headers: HOUR }]);
  const first = await gateway.get('/a', {}, { method: 'HEAD' });
  assert.equal(first.text, '');
  assert.equal((await gateway.get('/a')).text, 'answer 2');
  await gateway.get('/a', {}, { method: 'HEAD' });
  assert.equal((await gateway.get('/a')).text, 'answer 2');
});

test('no field of a client, and no path, breaks out of the answer', async (t) => {
  const gateway = await startCached(t);
  const paths = ['/a%0d%0aSet-Cookie:%20evil=1', '/a%0aX:%20y'];
  for (const path of paths) {
    gateway.script(path, [{ headers: { ...HOUR, 'cache-tag': 'a\tb' } }]);
    for (let i = 0; i < 2; i++) {
      const answer = await gateway.get(path, { 'if-none-match': '"x"', 'cache-control': 'max-stale="\t"' });
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.equal(answer.headers['x'], undefined);
    }
  }
});

test('fields named after what every object has are fields like others', async (t) => {
  const gateway = await startCached(t);
  gateway.script('/a', [
    { headers: { ...HOUR, ['__proto__']: 'x', constructor: 'y', vary: 'constructor, __proto__' } },
  ]);
  await gateway.get('/a', { constructor: '1' });
  assert.equal((await gateway.get('/a', { constructor: '1' })).headers['x-cache'], 'HIT');
  assert.equal((await gateway.get('/a', { constructor: '2' })).headers['x-cache'], 'MISS');
});

test('what a service says of other hosts, or of other routes, invalidates nothing there', async (t) => {
  const gateway = await startCached(t, {
    routes: [{ name: 'other', prefix: '/other', service: 'api', stripPrefix: false, auth: 'none', cache: true }],
  });
  gateway.script('/other/a', [{ headers: HOUR }]);
  await gateway.get('/other/a');
  gateway.script('/evil', [{ headers: { location: 'http://elsewhere.example/other/a', 'x-cache-expire': '*' } }]);
  await gateway.get('/evil', { 'x-cache-expire': '*', 'x-cache-timeout': '1 hour' }, { method: 'POST' });
  assert.equal((await gateway.get('/other/a')).headers['x-cache'], 'HIT');
});

test("a client's own x-cache fields are no service's", async (t) => {
  const gateway = await startCached(t);
  const seen = gateway.script('/a', [{}]);
  for (let i = 0; i < 2; i++) await gateway.get('/a', { 'x-cache-timeout': '1 hour', 'x-cache-hit': '1' });
  assert.equal(seen().length, 2);
});
