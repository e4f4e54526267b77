import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { createFolder } from '../support/folders.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

const PAGE = '<!doctype html><title>The page</title>';
const FILES = {
  'index.html': PAGE,
  'robots.txt': 'User-agent: *\n',
  'assets/app-1a2b.js': 'export const one = 1;\n',
  'docs/index.html': '<p>docs',
  'empty/note.txt': '',
  'two words é.txt': 'spaced',
  '.env': 'SECRET=1',
  '.well-known/security.txt': 'Contact: mailto:a@b.example\n',
};
const OPEN = { auth: 'none' };

async function startFiles(t: TestContext, files: object = {}, route: object = OPEN, more: object = {}) {
  const folder = createFolder(t, FILES);
  const routes = [{ prefix: '/app', files: { folder, ...files }, ...route }];
  return { folder, gateway: await startGateway(t, { file: { routes, ...more }, env: { JWT_SECRET: SECRET } }) };
}

test('the files of a folder are served below the prefix, by their types', async (t) => {
  const { gateway } = await startFiles(t);
  for (const [path, type, text] of [
    ['/app/', 'text/html; charset=utf-8', PAGE],
    ['/app/robots.txt?x=1', 'text/plain; charset=utf-8', 'User-agent: *\n'],
    ['/app/assets/app-1a2b.js', 'text/javascript; charset=utf-8', 'export const one = 1;\n'],
    ['/app/docs/', 'text/html; charset=utf-8', '<p>docs'],
    ['/app/two%20words%20%C3%A9.txt', 'text/plain; charset=utf-8', 'spaced'],
    ['/app/empty/note.txt', 'text/plain; charset=utf-8', ''],
    ['/app/.well-known/security.txt', 'text/plain; charset=utf-8', 'Contact: mailto:a@b.example\n'],
  ] as const) {
    const answer = await ask(gateway.url + path);
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.text], [200, type, text], path);
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(text)), path);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['x-frame-options'], 'SAMEORIGIN', 'as on the answer of a service');
    assert.ok(answer.headers['x-request-id']);
  }
  const line = await gateway.line({ path: '/app/assets/app-1a2b.js' });
  assert.deepEqual([line.status, line['bytesOut']], [200, 22]);
});

test('what is no file is a 404 of the gateway, and other methods a 405', async (t) => {
  const { gateway } = await startFiles(t);
  for (const path of [
    '/app/none.txt',
    '/app/none/',
    '/app/robots.txt/',
    '/app/empty/',
    '/app/.env',
    '/app/index.html/x',
  ]) {
    const { status, headers, json } = await ask(gateway.url + path);
    assert.deepEqual(
      [status, headers['content-type'], json.code],
      [404, 'application/problem+json', 'file_not_found'],
      path,
    );
    assert.equal(headers['cache-control'], 'no-store');
  }
  const { status, headers, json } = await ask(`${gateway.url}/app/robots.txt`, { method: 'POST', body: 'x' });
  assert.deepEqual([status, headers.allow, json.code], [405, 'GET, HEAD', 'method_not_allowed']);
});

test('a HEAD is told what a GET would get', async (t) => {
  const { gateway } = await startFiles(t);
  const { status, headers, text } = await ask(`${gateway.url}/app/robots.txt`, { method: 'HEAD' });
  assert.deepEqual([status, headers['content-length'], text], [200, '14', '']);
  assert.equal((await ask(`${gateway.url}/app/docs`, { method: 'HEAD' })).headers.location, '/app/docs/');
});

test('conditions and ranges are answered as RFC 9110 has it', async (t) => {
  const { gateway } = await startFiles(t);
  const url = `${gateway.url}/app/robots.txt`;
  const { headers: first } = await ask(url);
  const etag = first.etag as string;
  const date = first['last-modified'] as string;
  assert.match(etag, /^W\/"/);
  for (const condition of [{ 'if-none-match': etag }, { 'if-modified-since': date }]) {
    const { status, text, headers } = await ask(url, { headers: condition });
    assert.deepEqual([status, text, headers.etag, headers['content-length']], [304, '', etag, undefined]);
  }
  assert.equal((await ask(url, { headers: { 'if-none-match': '"other"' } })).status, 200);
  assert.equal((await ask(url, { headers: { 'if-match': '"other"' } })).status, 412);

  const part = await ask(url, { headers: { range: 'bytes=0-3' } });
  assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'User', 'bytes 0-3/14']);
  assert.equal((await ask(url, { headers: { range: 'bytes=-2' } })).text, '*\n');
  const beyond = await ask(url, { headers: { range: 'bytes=99-' } });
  assert.deepEqual([beyond.status, beyond.headers['content-range'], beyond.text], [416, 'bytes */14', '']);
});

test('the last bytes of a short file are all of it, and a part is given of the very same file alone', async (t) => {
  const { gateway, folder } = await startFiles(t);
  const url = `${gateway.url}/app/robots.txt`;
  for (const range of ['bytes=-14', 'bytes=-15', 'bytes=-99999999999', `bytes=-${'9'.repeat(40)}`]) {
    const all = await ask(url, { headers: { range } });
    assert.deepEqual([all.status, all.headers['content-range'], all.text], [206, 'bytes 0-13/14', FILES['robots.txt']]);
  }
  assert.equal((await ask(url, { headers: { range: 'bytes=-0' } })).status, 416);
  assert.equal((await ask(`${gateway.url}/app/empty/note.txt`, { headers: { range: 'bytes=-5' } })).status, 200);

  utimesSync(join(folder, 'robots.txt'), 1_700_000_000, 1_700_000_000);
  const { headers } = await ask(url);
  const partFor = async (ifRange: string) =>
    (await ask(url, { headers: { range: 'bytes=0-3', 'if-range': ifRange } })).status;
  assert.equal(await partFor(headers['last-modified'] as string), 206);
  for (const other of [
    '"other"',
    headers.etag as string,
    'Tue, 14 Nov 2023 22:13:19 GMT',
    new Date().toUTCString(),
    'x',
  ])
    assert.equal(await partFor(other), 200, other);
});

test('a folder is redirected to its slash, below the prefix, with its query', async (t) => {
  const { gateway } = await startFiles(t);
  for (const [path, location] of [
    ['/app', '/app/'],
    ['/app?x=1', '/app/?x=1'],
    ['/app/docs?x=%20y', '/app/docs/?x=%20y'],
  ] as const) {
    const { status, headers } = await ask(gateway.url + path);
    assert.deepEqual([status, headers.location], [301, location]);
  }
});

test('the fallback answers browsers, and what names no type; a missing script stays a 404', async (t) => {
  const { gateway } = await startFiles(t, { fallback: 'index.html' });
  const get = (path: string, accept?: string) =>
    ask(gateway.url + path, { headers: accept === undefined ? {} : { accept } });
  const browser = 'text/html,application/xhtml+xml,*/*;q=0.8';
  for (const [path, accept] of [
    ['/app/users/7', browser],
    ['/app/users/john.doe', browser],
    ['/app/users/7', '*/*'],
    ['/app/users/7', undefined],
    ['/app/users/', browser],
  ] as const) {
    const { status, text, headers } = await get(path, accept);
    assert.deepEqual([status, text, headers.vary, headers['cache-control']], [200, PAGE, 'accept', 'no-cache'], path);
  }
  for (const [path, accept] of [
    ['/app/assets/app-old.js', '*/*'],
    ['/app/users/7', 'application/json'],
    ['/app/users/7', 'text/html;q=0'],
    ['/app/users/7', 'text/html;q=0, */*'],
    ['/app/users/7', 'application/json, */*;q=0.0'],
    ['/app/users/7', 'application/vnd.x-text/html-ish'],
  ] as const)
    assert.equal((await get(path, accept)).json.code, 'file_not_found', path);
  assert.equal((await get('/app/robots.txt', browser)).text, 'User-agent: *\n');
});

test('pages are asked for each time, hashed files never again, others as long as the route says', async (t) => {
  const { gateway } = await startFiles(t, { maxAge: '1h', immutable: '/assets/' });
  const rule = async (path: string) => (await ask(`${gateway.url}/app/${path}`)).headers['cache-control'];
  assert.equal(await rule(''), 'no-cache');
  assert.equal(await rule('robots.txt'), 'public, max-age=3600');
  assert.equal(await rule('assets/app-1a2b.js'), 'public, max-age=31536000, immutable');
});

test('the guards stand before the files, and what they let through is private', async (t) => {
  const limits = { rateLimits: [{ limit: 2, window: '1h' }] };
  const { gateway } = await startFiles(
    t,
    { maxAge: '1h' },
    { auth: 'jwt', authorize: { roles: ['reader'] }, ...limits },
  );
  const url = `${gateway.url}/app/robots.txt`;
  const as = (roles: string[]) =>
    ask(url, { headers: { authorization: `Bearer ${jwt.sign({ sub: 'u1', roles }, SECRET, { expiresIn: '1h' })}` } });
  assert.equal((await ask(url)).status, 401);
  assert.equal((await as([])).status, 403);
  assert.equal((await as(['reader'])).headers['cache-control'], 'private, max-age=3600');
  assert.equal((await as(['reader'])).status, 200);
  assert.equal((await as(['reader'])).status, 429);
});

test('the edits of the response hold for files', async (t) => {
  const response = { headers: { set: { 'X-Robots-Tag': 'none' }, remove: ['Last-Modified'] } };
  const { gateway } = await startFiles(t, {}, { ...OPEN, response, cors: { origins: ['https://shop.example'] } });
  const { headers } = await ask(`${gateway.url}/app/robots.txt`, { headers: { origin: 'https://shop.example' } });
  assert.deepEqual([headers['x-robots-tag'], headers['last-modified']], ['none', undefined]);
  assert.equal(headers['access-control-allow-origin'], 'https://shop.example');
});

test('the path of a file is made as that of a service: with the prefix kept, or another one in its place', async (t) => {
  const folder = createFolder(t, { 'app/a.txt': 'kept', 'b/a.txt': 'replaced', 'robots.txt': 'alone' });
  const routes = [
    { prefix: '/app', files: folder, stripPrefix: false, ...OPEN },
    { prefix: '/other/:name', files: folder, rewritePrefix: '/:name', ...OPEN },
    { prefix: '/robots.txt', exact: true, files: folder, stripPrefix: false, ...OPEN },
  ];
  const gateway = await startGateway(t, { file: { routes } });
  const read = async (path: string) => (await ask(gateway.url + path)).text;
  assert.equal(await read('/app/a.txt'), 'kept');
  assert.equal(await read('/other/b/a.txt'), 'replaced');
  assert.equal(await read('/robots.txt'), 'alone');
});

test('a new build is served as soon as it is there, and a folder that is gone is a 404', async (t) => {
  const { folder, gateway } = await startFiles(t);
  writeFileSync(join(folder, 'robots.txt'), 'another build\n');
  assert.equal((await ask(`${gateway.url}/app/robots.txt`)).text, 'another build\n');
  rmSync(folder, { recursive: true });
  assert.equal((await ask(`${gateway.url}/app/robots.txt`)).status, 404);
});

/** Descriptors of this process that lead to the file; needs /proc. */
function descriptorsOf(file: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  }).length;
}

const BIG = Buffer.alloc(32 * 1024 * 1024, 'x');

for (const [name, leave] of [
  ['a client that leaves in the middle closes the file', true],
  ['a client that stops reading is cut off after the idle time, and the file closed', false],
] as const) {
  test(name, { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
    const folder = createFolder(t, { 'big.bin': BIG });
    const file = join(folder, 'big.bin');
    const routes = [{ prefix: '/app', files: folder, timeouts: { idle: leave ? '30s' : '300ms' }, ...OPEN }];
    const gateway = await startGateway(t, { file: { routes } });
    const wire = openWire(t, gateway.port);
    wire.write('GET /app/big.bin HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.gets(/\r\n\r\n/);
    wire.socket.pause();
    await until(() => descriptorsOf(file) === 1, { what: 'the file to be open' });
    if (leave) wire.socket.destroy();
    await until(() => gateway.gateway.inFlight === 0, { what: 'the end of the request' });
    await until(() => descriptorsOf(file) === 0, { what: 'the file to be closed' });
    const line = await gateway.line({ path: '/app/big.bin' });
    assert.deepEqual([line.status, line['aborted']], [499, 'client']);
    assert.ok(Number(line['bytesOut']) < BIG.length);
  });
}

test('a large file comes through whole, also to a reader that takes its time', async (t) => {
  const folder = createFolder(t, { 'big.bin': BIG });
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/app', files: folder, ...OPEN }] } });
  const { body } = await ask(`${gateway.url}/app/big.bin`);
  assert.ok(body.equals(BIG));
  assert.equal((await gateway.line({ path: '/app/big.bin' }))['bytesOut'], BIG.length);
});

test('a question about a path says which file it would be, and sends none', async (t) => {
  const { gateway, folder } = await startFiles(t);
  const answered: number[] = [];
  const trace = await new Promise((resolve) => {
    const request = { method: 'GET', target: '/app/robots.txt', headers: ['host', 'x'], body: undefined, dryRun: true };
    const sink = {
      head: (_context: unknown, status: number) => void answered.push(status),
      write: () => true,
      end: ({ trace: told }: { trace?: unknown }) => resolve(told),
      fail: resolve,
    };
    gateway.gateway.inProcess({ ...request, sink } as never);
  });
  assert.deepEqual(answered, []);
  assert.ok(JSON.stringify(trace).includes(`/robots.txt of ${folder}`), JSON.stringify(trace));
});

test('files are compressed where the route says so, and parts of them are not', async (t) => {
  const folder = createFolder(t, { 'app.js': 'export const one = 1;\n'.repeat(500) });
  const routes = [{ prefix: '/app', files: folder, compress: true, ...OPEN }];
  const gateway = await startGateway(t, { file: { routes } });
  const url = `${gateway.url}/app/app.js`;
  const coded = await ask(url, { headers: { 'accept-encoding': 'br' } });
  assert.deepEqual([coded.headers['content-encoding'], coded.headers.vary], ['br', 'Accept-Encoding']);
  assert.equal(brotliDecompressSync(coded.body).toString(), 'export const one = 1;\n'.repeat(500));
  const etag = coded.headers.etag as string;
  assert.equal((await ask(url, { headers: { 'accept-encoding': 'br', 'if-none-match': etag } })).status, 304);
  const part = await ask(url, { headers: { 'accept-encoding': 'br', range: 'bytes=0-9' } });
  assert.deepEqual([part.status, part.headers['content-encoding'], part.text], [206, undefined, 'export con']);
});
