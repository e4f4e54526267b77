import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { closedPort, startLyingService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const PAGE = '<!doctype html><title>${error.status}</title><p>${error.detail} ${request.path}</p>';

test('a service’s error comes in the envelope of the gateway, with its status and nothing of its body', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '7', 'x-stack': 'at db.js:1', etag: '"a"' });
    res.end('at /srv/app/db.js:1 password=hunter2');
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', retry: false, errors: { normalize: true } }] },
  });
  const { status, headers, text, json } = await ask(`${gateway.url}/x`);
  assert.deepEqual([status, headers['content-type'], headers['retry-after']], [503, 'application/problem+json', '7']);
  assert.deepEqual([json.code, json.status, json.detail], ['service_error', 503, 'The service answered 503.']);
  assert.doesNotMatch(text + JSON.stringify(headers), /hunter2|db\.js/);
  assert.equal(headers['proxy-status'], 'turnpike; received-status=503');
  assert.equal(headers['content-length'], String(text.length));
  const line = await gateway.line({ path: '/x' });
  assert.deepEqual(
    [line['code'], line['source'], line['level'], line['outcome']],
    ['service_error', 'upstream', 'warn', 'status'],
  );
});

test('errors of callers pass as they are, unless all are to be told so', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('own words');
  });
  const route = (prefix: string, normalize: unknown) => ({
    prefix,
    target: service.url,
    auth: 'none',
    errors: { normalize },
  });
  const gateway = await startGateway(t, { file: { routes: [route('/some', true), route('/all', 'all')] } });
  const some = await ask(`${gateway.url}/some`);
  assert.deepEqual([some.status, some.text], [401, 'own words']);
  const all = await ask(`${gateway.url}/all`);
  assert.deepEqual(
    [all.status, all.json.code, all.headers['www-authenticate']],
    [401, 'service_error', 'Basic realm="x"'],
  );
});

test('HEAD of a service’s error has the head of the problem, and a fixed answer is none of a service', async (t) => {
  const service = await startService(t, (_req, res) => res.writeHead(500).end());
  const gateway = await startGateway(t, {
    file: {
      defaults: { auth: 'none', errors: { normalize: true } },
      routes: [
        { prefix: '/x', target: service.url },
        { prefix: '/own', respond: { status: 500, body: 'mine' } },
      ],
    },
  });
  const { status, headers, text } = await ask(`${gateway.url}/x`, { method: 'HEAD' });
  assert.deepEqual([status, headers['content-type'], text], [500, 'application/problem+json', '']);
  assert.equal((await ask(`${gateway.url}/own`)).text, 'mine');
});

test('an error without an end is answered at once, and its service let go', async (t) => {
  let isClosed = false;
  const service = await startLyingService(t, (socket) => {
    socket.write('HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\noops\r\n');
    socket.on('close', () => {
      isClosed = true;
    });
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', errors: { normalize: true } }] },
  });
  const { status, json } = await ask(`${gateway.url}/x`);
  assert.deepEqual([status, json.code], [500, 'service_error']);
  await until(() => isClosed);
});

test('refusals have the bodies of the route, then those of the file: by code, by status, by kind', async (t) => {
  const gateway = await startGateway(t, {
    file: {
      errors: {
        bodies: {
          '404': {
            body: { ok: false, error: { code: '${error.code}', status: '${error.status}', id: '${request.id}' } },
          },
          '4xx': { body: 'client: ${error.title}' },
          '5xx': { body: 'Sorry.' },
        },
      },
      routes: [
        { prefix: '/jwt', auth: 'jwt', respond: { status: 200 } },
        { prefix: '/down', auth: 'none', target: `http://127.0.0.1:${await closedPort()}`, retry: false },
        {
          prefix: '/closed',
          maintenance: true,
          respond: { status: 200 },
          errors: { bodies: { '503': { body: 'by status' }, maintenance: { body: 'by code, ${error.retryAfter}' } } },
        },
      ],
    },
  });
  const none = await ask(`${gateway.url}/none`);
  assert.deepEqual(none.json, {
    ok: false,
    error: { code: 'not_found', status: 404, id: none.headers['x-request-id'] },
  });
  assert.equal(none.headers['content-type'], 'application/json');
  const jwt = await ask(`${gateway.url}/jwt`);
  assert.deepEqual([jwt.status, jwt.text], [401, 'client: Authentication required']);
  // What a program needs stays, whatever the words are.
  assert.ok(jwt.headers['www-authenticate']);
  assert.equal((await ask(`${gateway.url}/down`)).text, 'Sorry.');
  const closed = await ask(`${gateway.url}/closed`);
  assert.deepEqual([closed.status, closed.text, closed.headers['retry-after']], [503, 'by code, 60', '60']);
  const head = await ask(`${gateway.url}/closed`, { method: 'HEAD' });
  assert.deepEqual([head.headers['content-length'], head.text], ['11', '']);
});

test('a method that one route alone could take is refused in the words of that route', async (t) => {
  const of = (body: string) => ({ bodies: { '405': { body } } });
  const route = { auth: 'none', respond: { status: 200 } };
  const gateway = await startGateway(t, {
    file: {
      errors: of('of the file'),
      routes: [
        { prefix: '/a', methods: ['GET'], errors: of('of a: ${error.status} ${request.method}'), ...route },
        { prefix: '/b', methods: ['GET'], errors: { bodies: { '404': { body: 'never' } } }, ...route },
        { name: 'c1', prefix: '/c', methods: ['GET'], errors: of('of c1'), ...route },
        { name: 'c2', prefix: '/c', methods: ['PUT'], errors: of('of c2'), ...route },
        { prefix: '/d', hosts: ['d.example'], errors: of('of d'), ...route },
      ],
    },
  });
  const post = async (path: string) => {
    const { status, text, headers } = await ask(`${gateway.url}${path}`, { method: 'POST' });
    return [status, text, headers.allow];
  };
  assert.deepEqual(await post('/a/x'), [405, 'of a: 405 POST', 'GET, HEAD']);
  assert.deepEqual(await post('/b'), [405, 'of the file', 'GET, HEAD']);
  // Two could be meant, and none.
  assert.deepEqual(await post('/c'), [405, 'of the file', 'GET, HEAD, PUT']);
  assert.equal((await ask(`${gateway.url}/d`)).status, 404);
  const line = await gateway.line({ path: '/a/x' });
  assert.deepEqual([line.status, line['code']], [405, 'method_not_allowed']);
  // It is still no request of that route.
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
});

test('browsers get the page, and programs the problem', async (t) => {
  const gateway = await startGateway(t, { file: { errors: { bodies: { '404': { body: PAGE } } }, routes: [] } });
  const page = await ask(`${gateway.url}/none`, { headers: BROWSER });
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(page.text, /<title>404<\/title><p>No&#32;route&#32;matches&#32;this&#32;path&#32;and&#32;host. \/none</);
  assert.match(page.headers['content-security-policy'] as string, /style-src 'unsafe-inline'/);
  assert.doesNotMatch(page.headers['content-security-policy'] as string, /script-src/);
  for (const accept of ['TEXT/HTML', 'Text/Html;Q=0.9,*/*;q=0.8', 'TEXT/*, Application/JSON;q=0.5']) {
    const { text } = await ask(`${gateway.url}/none`, { headers: { accept } });
    assert.match(text, /<title>404</, accept);
  }
  for (const accept of ['*/*', 'application/json', 'Application/JSON, TEXT/HTML;q=0.5', 'TEXT/PLAIN', '']) {
    const { headers, json } = await ask(`${gateway.url}/none`, { headers: { accept } });
    assert.deepEqual([json.code, headers.vary], ['not_found', 'Accept'], accept);
  }
});

test('both can be written, and a large page is compressed', async (t) => {
  const filler = '<!-- to be long -->'.repeat(200);
  const gateway = await startGateway(t, {
    file: {
      routes: [
        {
          prefix: '/x',
          auth: 'none',
          target: `http://127.0.0.1:${await closedPort()}`,
          retry: false,
          compress: true,
          errors: { bodies: { '5xx': [{ body: PAGE + filler }, { body: { oops: '${error.code}' } }] } },
        },
      ],
    },
  });
  assert.deepEqual((await ask(`${gateway.url}/x`)).json, { oops: 'upstream_refused' });
  const page = await ask(`${gateway.url}/x`, { headers: { ...BROWSER, 'accept-encoding': 'gzip' } });
  assert.deepEqual([page.status, page.headers['content-encoding']], [502, 'gzip']);
  assert.deepEqual(page.headers.vary, 'Accept, Accept-Encoding');
  assert.match(zlib.gunzipSync(page.body).toString(), /<title>502</);
  assert.equal((await gateway.line({ code: 'upstream_refused' }))['source'], 'upstream');
});

test('a body whose value has a fault gives way to the usual one, and the log says why', async (t) => {
  const gateway = await startGateway(t, {
    file: { errors: { bodies: { '404': { body: 'of ${claims.org}' } } }, routes: [] },
  });
  const { status, json } = await ask(`${gateway.url}/none`);
  assert.deepEqual([status, json.code], [404, 'not_found']);
  assert.ok(gateway.messages.some((message) => message.includes('the body of an error has a fault')));
});

test('a page comes from a file, and an edit of that file is in force after a reload', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  const page = join(dirname(gateway.routesFile), '404.html');
  const file = { errors: { bodies: { '404': { body: '${FILE:./404.html}' } } }, routes: [] };
  const seen: string[] = [];
  for (const words of ['one', 'two']) {
    writeFileSync(page, `<!doctype html><p>${words} \${error.status}</p>\n`);
    assert.equal((await gateway.reload(file)).result, 'applied');
    seen.push((await ask(`${gateway.url}/x`, { headers: BROWSER })).text);
  }
  assert.deepEqual(seen, ['<!doctype html><p>one 404</p>', '<!doctype html><p>two 404</p>']);
});
