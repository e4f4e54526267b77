import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

const HOST = 'dav.example:8080';

interface Dav {
  readonly service: StubService;
  readonly gateway: TestGateway;
  /** Moves a file; the path is sent as it is given. */
  move(path: string, destination: string, headers?: Record<string, string>): Promise<Answer>;
}

async function setUp(t: Parameters<typeof startGateway>[0], env: Record<string, string> = {}): Promise<Dav> {
  const service = await startService(t);
  const open = { target: service.url, auth: 'none' };
  const gateway = await startGateway(t, {
    env,
    file: {
      routes: [
        { prefix: '/dav', ...open },
        { prefix: '/dav/private', ...open, ipAllow: ['192.0.2.1'] },
        { prefix: '/kept', ...open, stripPrefix: false },
        { prefix: '/moved', ...open, rewritePrefix: '/files/all' },
        { prefix: '/base', target: `${service.url}/store`, auth: 'none' },
        { prefix: '/u/:user', ...open, rewritePrefix: '/home/:user' },
        { prefix: '/raw', ...open, path: 'raw' },
      ],
    },
  });
  return {
    service,
    gateway,
    move: (path, destination, headers = {}) =>
      ask(gateway.url, { method: 'MOVE', path, headers: { host: HOST, destination, ...headers } }),
  };
}

test('the destination of a MOVE or COPY is rewritten as its path is', async (t) => {
  const { service, gateway, move } = await setUp(t);
  const cases = [
    ['/dav/a.txt', `http://${HOST}/dav/b.txt`, '/b.txt'],
    ['/dav/a.txt', `https://DAV.example:8080/dav/sub/b%20c.txt`, '/sub/b%20c.txt'],
    ['/dav/a.txt', '/dav/sub/../b.txt', '/b.txt'],
    ['/dav/a.txt', '/dav', '/'],
    ['/dav/a.txt', '/dav/b.txt?x=1', '/b.txt?x=1'],
    ['/kept/a', '/kept/b', '/kept/b'],
    ['/moved/a', '/moved/b', '/files/all/b'],
    ['/base/a', '/base/b', '/store/b'],
    ['/u/ann/a', '/u/ann/b', '/home/ann/b'],
    ['/raw/a', '/raw/x%2fy//z', '/x%2fy//z'],
  ] as const;
  for (const [path, destination, seen] of cases) {
    assert.equal((await move(path, destination)).status, 200, destination);
    const { method, headers, rawHeaders } = service.requests.at(-1) ?? assert.fail('nothing came');
    assert.equal(method, 'MOVE');
    assert.equal(String(headers['destination']), seen, destination);
    assert.equal(rawHeaders.filter((name) => name.toLowerCase() === 'destination').length, 1);
  }
  await ask(gateway.url, { method: 'COPY', path: '/dav/a', headers: { host: HOST, destination: '/dav/b' } });
  assert.equal(service.requests.at(-1)?.headers['destination'], '/b');
});

test('a destination elsewhere is refused', async (t) => {
  const { service, move } = await setUp(t);
  const elsewhere = [
    'http://other.example/dav/b',
    'http://dav.example:9090/dav/b',
    'http://user@dav.example:8080/dav/b',
    'ftp://dav.example:8080/dav/b',
    '//dav.example:8080/dav/b',
    '/other/b',
    '/davx/b',
    '/dav/../kept/b',
    '/dav/private/b',
    '/dav/private%2fb',
    '/dav/..%2fkept',
    '/dav/..%252fkept',
    '/dav/%2e%2e/x',
    '/dav/a b',
    '/dav/%zz',
    'b.txt',
    '',
    '/',
  ];
  for (const destination of elsewhere) {
    const answer = await move('/dav/a', destination);
    assert.equal(answer.status, 400, `${destination}: ${answer.text}`);
    assert.equal(answer.json.code, 'bad_path');
  }
  assert.equal((await move('/u/ann/a', '/u/bob/a')).status, 400);
  assert.equal((await move('/kept/a', 'http://other.example/kept/b')).status, 400);
  assert.equal(service.requests.length, 0);
});

test('two destinations are none', async (t) => {
  const { gateway, service } = await setUp(t);
  const headers = { host: HOST, destination: ['/dav/b', '/dav/private/c'] };
  assert.equal((await ask(gateway.url, { method: 'MOVE', path: '/dav/a', headers })).status, 400);
  assert.equal(service.requests.length, 0);
});

test('behind a trusted proxy, the host that the client sees counts', async (t) => {
  const { service, move } = await setUp(t, { TRUST_PROXY: '1' });
  const forwarded = { 'x-forwarded-host': 'files.example', 'x-forwarded-proto': 'https' };
  assert.equal((await move('/dav/a', 'https://files.example/dav/b', forwarded)).status, 200);
  assert.equal(service.requests.at(-1)?.headers['destination'], '/b');
  assert.equal((await move('/dav/a', 'https://files.example:443/dav/b', forwarded)).status, 200);
  assert.equal((await move('/dav/a', 'https://other.example/dav/b', forwarded)).status, 400);
});

test('a Destination of other methods is the business of the service', async (t) => {
  const { gateway, service } = await setUp(t);
  const headers = { destination: 'anywhere else' };
  assert.equal((await ask(gateway.url, { method: 'POST', path: '/dav/a', headers })).status, 200);
  assert.equal(service.requests.at(-1)?.headers['destination'], 'anywhere else');
});

test('the methods of WebDAV pass, and browsers may use those that `cors.methods` names', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/dav',
          target: service.url,
          auth: 'none',
          cors: { origins: 'https://app.example', methods: ['GET', 'PROPFIND', 'REPORT'] },
        },
        { prefix: '/api', target: service.url, auth: 'none', cors: { origins: 'https://app.example' } },
      ],
    },
  });
  for (const method of ['PROPFIND', 'PROPPATCH', 'MKCOL', 'LOCK', 'UNLOCK', 'REPORT', 'SEARCH']) {
    assert.equal((await ask(gateway.url, { method, path: '/dav/a' })).json.method, method);
  }
  const preflight = (path: string) =>
    ask(gateway.url, {
      method: 'OPTIONS',
      path,
      headers: { origin: 'https://app.example', 'access-control-request-method': 'PROPFIND' },
    });
  assert.equal((await preflight('/dav/a')).headers['access-control-allow-methods'], 'GET,PROPFIND,REPORT');
  assert.equal((await preflight('/api/a')).headers['access-control-allow-methods'], 'GET,HEAD,POST,PUT,PATCH,DELETE');
});
