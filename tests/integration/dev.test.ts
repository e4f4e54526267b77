import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { parseSettings } from '../../src/config/env.ts';
import { type DevOptions, startDev } from '../../src/dev/dev-gateway.ts';
import { isListening } from '../../src/dev/live-targets.ts';
import { configFolder } from '../support/config-files.ts';
import { ask } from '../support/http.ts';
import { closedPort, freePort, listenOn, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

async function startIn(
  t: TestContext,
  file: object,
  more: Partial<DevOptions> = {},
  files: Record<string, unknown> = {},
) {
  const folder = configFolder(t, { 'routes.json': file, ...files });
  const routesFile = join(folder, 'routes.json');
  const env = { HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', ROUTES_FILE: routesFile };
  let said = '';
  const gateway = await startDev({
    settings: parseSettings({ ...env, ...more.env }),
    env: {},
    hasStubs: true,
    delayMs: 0,
    failRatio: 0,
    isColoured: false,
    out: (text) => {
      said += text;
    },
    command: 'turnpike',
    ...more,
  });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await gateway.close();
  };
  t.after(close);
  return {
    ...gateway,
    close,
    said: () => said,
    says: (pattern: RegExp) => until(() => pattern.exec(said), { what: `${pattern} in ${said}` }),
    write: (next: object) => writeFileSync(routesFile, JSON.stringify(next)),
  };
}

/** Sends what a line of curl would. */
function curl(line: string) {
  const url = /(http:\/\/[^\s']+)'?$/.exec(line)?.[1] ?? '';
  const fields = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value]);
  return ask(url, { headers: Object.fromEntries(fields) });
}

const curlsOf = (said: string) => [...said.matchAll(/^ {2}(curl .*)$/gm)].map(([, line]) => line as string);

test('a service that nobody runs is a stub, which tells what it received', async (t) => {
  const port = await closedPort();
  const dev = await startIn(t, {
    services: { users: { targets: [`http://127.0.0.1:${port}`] } },
    routes: [{ prefix: '/api/users', service: 'users', auth: 'none' }],
  });
  assert.match(dev.said(), /\/api\/users +public +users \(stub\)/);
  const answer = await ask(`${dev.url}/api/users/7?a=1`, {
    method: 'POST',
    body: '{"n":1}',
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(answer.status, 200);
  assert.partialDeepStrictEqual(answer.json, { service: 'users', method: 'POST', path: '/7?a=1', body: '{"n":1}' });
  await dev.says(/POST +200 +\d+ ms {2}\/api\/users\/7\?a=1 .*→ users \(stub\)/);
});

test('a real service is asked, its stub stands in when it goes, and gives way when it comes back', async (t) => {
  const port = await freePort();
  const real = () => createServer((_req, res) => res.end('real'));
  let service = real();
  await listenOn(service, port);
  t.after(() => void service.close());
  const dev = await startIn(t, { routes: [{ prefix: '/a', target: `http://127.0.0.1:${port}`, auth: 'none' }] });
  assert.equal((await ask(`${dev.url}/a`)).text, 'real');
  service.close();
  service.closeAllConnections();
  assert.equal((await ask(`${dev.url}/a`)).json.path, '/', 'the very next request has an answer');
  await dev.says(/is gone from .*: a stub answers for it/);
  service = real();
  await listenOn(service, port);
  await dev.says(/answers at .* now: its stub gives way/);
  assert.equal((await ask(`${dev.url}/a`)).text, 'real');
});

test('each line of curl at the start works, with a key and a token made for the run', async (t) => {
  const port = await closedPort();
  const dev = await startIn(t, {
    services: { users: { targets: [`http://127.0.0.1:${port}`] } },
    consumers: [{ name: 'app', keys: [{ id: 'k', sha256: 'a'.repeat(64) }] }],
    routes: [
      { prefix: '/open', service: 'users', auth: 'none' },
      { prefix: '/keys/:id', service: 'users', auth: 'api-key', authorize: { roles: ['admin'] } },
      { prefix: '/tokens', service: 'users', auth: 'jwt', authorize: { scopes: { all: ['read', 'write'] } } },
    ],
  });
  const lines = curlsOf(dev.said());
  assert.equal(lines.length, 3);
  for (const line of lines) assert.equal((await curl(line)).status, 200, line);
  assert.match(dev.said(), /for dev only/);
});

test('a refused request is told with its reason and the command that explains it', async (t) => {
  const dev = await startIn(t, { routes: [{ prefix: '/a', target: 'http://127.0.0.1:9', auth: 'api-key' }] });
  assert.equal((await ask(`${dev.url}/a/x`)).status, 401);
  const [, admin] = await dev.says(/unauthenticated: .*\n +turnpike explain 'http:\S+\/a\/x' --admin (\S+)\n/);
  assert.equal(admin, dev.adminUrl);
});

test('a stub answers as the OpenAPI document of its route says', async (t) => {
  const document = {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    paths: {
      '/things/{id}': {
        get: {
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: {
            200: {
              description: 'one',
              content: {
                'application/json': {
                  schema: { type: 'object', properties: { size: { type: 'integer', minimum: 3 } } },
                },
              },
            },
          },
        },
      },
    },
  };
  const routes = [{ prefix: '/t', target: 'http://127.0.0.1:9', auth: 'none', openapi: './api.json' }];
  const dev = await startIn(t, { routes }, {}, { 'api.json': document });
  assert.deepEqual((await ask(`${dev.url}/t/things/1`)).json, { size: 3 });
});

test('a service that Consul knows nothing of is a stub', async (t) => {
  const port = await closedPort();
  const dev = await startIn(t, {
    services: { orders: { discover: { consul: 'orders', address: `http://127.0.0.1:${port}` } } },
    routes: [{ prefix: '/o', service: 'orders', auth: 'none' }],
  });
  assert.equal((await ask(`${dev.url}/o/1`)).json.service, 'orders');
});

test('a service that Consul comes to know takes over from its stub', async (t) => {
  const service = await startService(t, (_req, res) => void res.end('real'));
  let known: object[] = [];
  const consul = createServer((_req, res) => {
    res.setHeader('x-consul-index', known.length + 1);
    res.end(JSON.stringify(known));
  });
  const port = await freePort();
  await listenOn(consul, port);
  t.after(() => {
    consul.close();
    consul.closeAllConnections();
  });
  const dev = await startIn(t, {
    services: { orders: { discover: { consul: 'orders', address: `http://127.0.0.1:${port}` } } },
    routes: [{ prefix: '/o', service: 'orders', auth: 'none' }],
  });
  assert.equal((await ask(`${dev.url}/o`)).json.service, 'orders');
  known = [
    { Node: { Address: '127.0.0.1' }, Service: { Address: '127.0.0.1', Port: Number(new URL(service.url).port) } },
  ];
  await dev.says(/orders is found now: its stub gives way/);
  await until(async () => (await ask(`${dev.url}/o`)).text === 'real');
});

test('without stubs nobody stands in', async (t) => {
  const port = await closedPort();
  const dev = await startIn(
    t,
    { routes: [{ prefix: '/a', target: `http://127.0.0.1:${port}`, auth: 'none' }] },
    { hasStubs: false },
  );
  assert.equal((await ask(`${dev.url}/a`)).status, 502);
  await dev.says(/GET +502/);
});

test('stubs are as slow and as faulty as they are asked to be', async (t) => {
  const port = await closedPort();
  const routes = [{ prefix: '/a', target: `http://127.0.0.1:${port}`, auth: 'none' }];
  const dev = await startIn(t, { routes }, { delayMs: 120, failRatio: 1 });
  const begunAtMs = performance.now();
  assert.equal((await ask(`${dev.url}/a`)).status, 500);
  assert.ok(performance.now() - begunAtMs >= 119);
});

test('a save is in force at once, and one with a fault is told and changes nothing', async (t) => {
  const port = await closedPort();
  const route = (prefix: string) => ({ routes: [{ prefix, target: `http://127.0.0.1:${port}`, auth: 'none' }] });
  const dev = await startIn(t, route('/a'));
  dev.write(route('/b'));
  await dev.says(/configuration reloaded\n {2}- \/b added/);
  assert.equal((await ask(`${dev.url}/b`)).status, 200);
  dev.write({ routes: [{ prefx: '/c' }] });
  await dev.says(/refused, the old one stays in force[\s\S]*unknown key "prefx"/);
  assert.equal((await ask(`${dev.url}/b`)).status, 200);
});

test('a WebSocket gets its messages back from a stub', async (t) => {
  const port = await closedPort();
  const routes = [{ prefix: '/ws', target: `http://127.0.0.1:${port}`, auth: 'none', websocket: true }];
  const dev = await startIn(t, { routes });
  const socket = new WebSocket(`${dev.url.replace('http', 'ws')}/ws`);
  t.after(() => socket.terminate());
  const echoed = new Promise((resolve, reject) => {
    socket.on('message', (bytes) => resolve(String(bytes)));
    socket.on('error', reject);
  });
  socket.on('open', () => socket.send('hello'));
  assert.equal(await echoed, 'hello');
});

test('when it has ended, nothing listens any more', async (t) => {
  const port = await closedPort();
  const dev = await startIn(t, { routes: [{ prefix: '/a', target: `http://127.0.0.1:${port}`, auth: 'none' }] });
  const { port: stubPort } = (await ask(`${dev.url}/a`)).json;
  await dev.close();
  for (const url of [dev.url, dev.adminUrl, `http://127.0.0.1:${stubPort}`])
    assert.equal(await isListening(url), false);
});
