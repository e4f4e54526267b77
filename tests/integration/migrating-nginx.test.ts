import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { type Answer, type AskOptions, ask } from '../support/http.ts';
import { exampleOf } from '../support/migrating/example.ts';
import { needsNginx, startNginx } from '../support/nginx.ts';
import { freePort, type SeenRequest, startService } from '../support/service.ts';

const PAGE = 'docs/migrating/nginx.md';

interface Request extends AskOptions {
  readonly at: string;
}

interface Sides {
  readonly nginx: string;
  readonly ours: string;
  readonly stop: (port: number) => Promise<void>;
}

let answered = 0;

/** Tells what it saw; `/status/503` is answered so, `/once` has another body each time, `/check` decides. */
function serve(port: number, _req: IncomingMessage, res: ServerResponse, { method, path, headers }: SeenRequest): void {
  res.setHeader('x-powered-by', 'a service');
  res.setHeader('x-build', '17');
  answered += 1;
  const isKnown = headers['authorization'] === 'Bearer ann';
  if (path === '/check' && isKnown) res.setHeader('x-tenant', headers['x-original-uri'] ?? '');
  if (path === '/check') {
    res.writeHead(isKnown ? 204 : 401).end();
    return;
  }
  res.statusCode = Number(/\/status\/(\d{3})/.exec(path)?.[1] ?? 200);
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ service: port, method, path, headers, ...(path.includes('/once') && { answered }) }));
}

/** Both gateways with what stands below this heading of the page, before services of their own. */
async function start(t: TestContext, section: string, serves = serve): Promise<Sides> {
  const named = [4001, 4002, 4003];
  const services = await Promise.all(
    named.map((port) => startService(t, (req, res, seen) => serves(port, req, res, seen))),
  );
  const ports = Object.fromEntries(named.map((port, at) => [port, services[at]?.port ?? 0]));
  const { theirs, ours } = exampleOf(PAGE, section, ports);
  const port = await freePort();
  const listening = theirs
    .replaceAll(/^server \{$/gm, `server {\n  listen 127.0.0.1:${port};`)
    .replace('/var/cache/nginx', 'cache');
  const nginx = await startNginx(t, `events {}\nhttp {\n${listening}}\n`, port);
  const gateway = await startGateway(t, { file: ours });
  return {
    nginx,
    ours: gateway.url,
    stop: async (named) => services.find(({ port }) => port === ports[named])?.stop(),
  };
}

/** What is compared of an answer: its status, where it leads, the fields that are named, and what the service saw. */
function tell(answer: Answer, fields: readonly string[]): object {
  const { status, headers, text } = answer;
  const location = headers.location === undefined ? undefined : new URL(headers.location, 'http://x');
  const picked = (of: Readonly<Record<string, unknown>>) => Object.fromEntries(fields.map((name) => [name, of[name]]));
  const body = text.startsWith('{"service"') ? JSON.parse(text) : undefined;
  return {
    status,
    location: location && location.pathname + location.search,
    headers: picked(headers),
    seen: body && { service: body.service, method: body.method, path: body.path, headers: picked(body.headers) },
  };
}

async function assertSame({ nginx, ours }: Sides, requests: readonly Request[], fields: readonly string[] = []) {
  for (const { at, ...request } of requests) {
    const told = await Promise.all([ask(nginx + at, request), ask(ours + at, request)]);
    const [theirs, mine] = told.map((answer) => tell(answer, fields));
    assert.deepEqual(mine, theirs, `${request.method ?? 'GET'} ${at}`);
  }
}

/** The statuses of both for one request. */
async function statuses({ nginx, ours }: Sides, { at, ...request }: Request): Promise<readonly number[]> {
  return Promise.all([nginx, ours].map(async (url) => (await ask(url + at, request)).status));
}

test('a path with and without a slash behind proxy_pass', needsNginx, async (t) => {
  const sides = await start(t, 'Paths');
  const paths = ['/api/users/7?x=1', '/api/users/', '/api/orders/7?x=1', '/api/shop/a/b', '/status', '/nothing'];
  await assertSame(
    sides,
    paths.map((at) => ({ at })),
  );
  await assertSame(sides, [{ at: '/api/users/7', method: 'POST', body: '{}' }]);
  assert.deepEqual(await statuses(sides, { at: '/api/users' }), [301, 200]);
  assert.deepEqual(await statuses(sides, { at: '/status/' }), [404, 200]);
  assert.deepEqual(await statuses(sides, { at: '/api/users%2f7' }), [200, 404]);
});

test('server_name', needsNginx, async (t) => {
  const sides = await start(t, 'Hosts');
  const hosts = ['shop.example.com', 'SHOP.example.com:80', 'www.example.com', 'a.b.example.com'];
  await assertSame(
    sides,
    hosts.map((host) => ({ at: '/x', headers: { host } })),
  );
  assert.deepEqual(await statuses(sides, { at: '/x', headers: { host: 'other.example.net' } }), [200, 404]);
});

test('proxy_set_header', needsNginx, async (t) => {
  const sides = await start(t, 'What the service sees');
  const headers = { host: 'api.example.com', 'x-forwarded-for': '10.1.1.1', 'x-debug': '1', 'x-team': 'other' };
  await assertSame(
    sides,
    [
      { at: '/api/users/7', headers },
      { at: '/api/users/7', headers: { host: 'a.example:81' } },
    ],
    ['host', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-team', 'x-debug'],
  );
});

test('rewrite and return', needsNginx, async (t) => {
  const sides = await start(t, 'Rewriting');
  const paths = ['/v1/users/7?x=1', '/items/7', '/items/seven?x=1', '/old/a/b?x=1', '/gone'];
  await assertSame(
    sides,
    paths.map((at) => ({ at })),
  );
  assert.equal((await ask(`${sides.ours}/gone`)).text, (await ask(`${sides.nginx}/gone`)).text);
});

test('limit_req with burst and nodelay', needsNginx, async (t) => {
  const sides = await start(t, 'Limits');
  const told: (readonly number[])[] = [];
  for (let call = 0; call < 7; call++) told.push(await statuses(sides, { at: '/api/users/7' }));
  assert.deepEqual(
    told.map(([nginx]) => nginx),
    [200, 200, 200, 200, 200, 429, 429],
  );
  assert.deepEqual(
    told.map(([, ours]) => ours),
    told.map(([nginx]) => nginx),
  );
  assert.ok(Number((await ask(`${sides.ours}/api/users/7`)).headers['retry-after']) > 0);
});

test('auth_request', needsNginx, async (t) => {
  const sides = await start(t, 'A service that decides');
  const known = { authorization: 'Bearer ann' };
  const forged = { ...known, 'x-tenant': 'forged' };
  await assertSame(
    sides,
    [{ at: '/private/7?x=1' }, { at: '/private/7?x=1', headers: known }, { at: '/private/7', headers: forged }],
    ['x-tenant'],
  );
  await sides.stop(4003);
  assert.deepEqual(await statuses(sides, { at: '/private/7', headers: known }), [500, 503]);
});

test('weights of an upstream', needsNginx, async (t) => {
  const sides = await start(t, 'Weights');
  for (const url of [sides.nginx, sides.ours]) {
    const asked = new Map<number, number>();
    for (let call = 0; call < 8; call++) {
      const { service } = (await ask(`${url}/api/users/7`)).json;
      asked.set(service, (asked.get(service) ?? 0) + 1);
    }
    assert.deepEqual([asked.get(4001), asked.get(4002)], [6, 2], url);
  }
});

test('proxy_next_upstream, when a target says 503', needsNginx, async (t) => {
  const sides = await start(t, 'When a target fails', (port, req, res, seen) => {
    if (port === 4001) res.writeHead(503).end();
    else serve(port, req, res, seen);
  });
  for (const url of [sides.nginx, sides.ours]) {
    const told = async (method: string) => {
      const answers = [await ask(`${url}/api/users/7`, { method }), await ask(`${url}/api/users/7`, { method })];
      return answers.map(({ status }) => status).sort();
    };
    assert.deepEqual(await told('GET'), [200, 200], `a GET is asked again: ${url}`);
    assert.deepEqual(await told('POST'), [200, 503], `a POST is not: ${url}`);
  }
});

test('proxy_next_upstream, when a target is gone', needsNginx, async (t) => {
  const sides = await start(t, 'When a target fails');
  await sides.stop(4001);
  for (let call = 0; call < 4; call++) {
    assert.deepEqual(await statuses(sides, { at: '/api/users/7' }), [200, 200]);
    assert.deepEqual(await statuses(sides, { at: '/api/users/7', method: 'POST', body: '{}' }), [200, 200]);
  }
});

test('add_header and proxy_hide_header', needsNginx, async (t) => {
  const sides = await start(t, 'Fields of answers');
  await assertSame(
    sides,
    ['/api/users/7', '/api/users/status/201', '/api/users/status/404', '/api/users/status/500'].map((at) => ({ at })),
    ['x-served-by', 'x-api-version', 'x-powered-by', 'x-build', 'content-type'],
  );
});

test('client_max_body_size', needsNginx, async (t) => {
  const sides = await start(t, 'Bodies');
  const sized = (bytes: number): Request => ({ at: '/api/users/', method: 'POST', body: 'x'.repeat(bytes) });
  assert.deepEqual(await statuses(sides, sized(1024)), [200, 200]);
  assert.deepEqual(await statuses(sides, sized(1025)), [413, 413]);
});

test('proxy_cache', needsNginx, async (t) => {
  const sides = await start(t, 'Cache');
  for (const url of [sides.nginx, sides.ours]) {
    const asked = async (at: string, request: AskOptions = {}) => {
      const { headers, json } = await ask(`${url}/prices${at}`, request);
      return [headers['x-cache'], json.answered] as const;
    };
    const [first, second, other] = [await asked('/once'), await asked('/once'), await asked('/once?page=2')];
    assert.deepEqual([first[0], second[0], other[0]], ['MISS', 'HIT', 'MISS'], url);
    assert.equal(second[1], first[1]);
    assert.notEqual(other[1], first[1]);
    const as = (name: string) => asked('/once?mine', { headers: { authorization: `Bearer ${name}` } });
    const [ann, bob] = [await as('ann'), await as('bob')];
    assert.equal(ann[1] === bob[1], url === sides.nginx, 'nginx gives bob what ann was answered');
    await asked('/once', { method: 'DELETE' });
    assert.equal((await asked('/once'))[0], url === sides.nginx ? 'HIT' : 'MISS', 'after a DELETE');
  }
});
