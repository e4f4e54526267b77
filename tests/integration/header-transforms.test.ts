import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../src/config/load-with.ts';
import { STAGES } from '../../src/stages.ts';
import { configFolder, faultsOf } from '../support/config-files.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

const OPEN = { auth: 'none' };

test('a service sees the request with its fields removed, renamed, set and added', async (t) => {
  const service = await startService(t);
  const headers = {
    remove: ['X-Secret', 'x-forwarded-for'],
    rename: { 'x-old': 'X-New' },
    set: { 'x-env': 'prod', authorization: 'Bearer ${ENV:SERVICE_TOKEN}' },
    add: { 'x-tag': 'b' },
  };
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, request: { headers }, ...OPEN }] },
    env: { SERVICE_TOKEN: 'abc' },
  });
  const sent = {
    'x-secret': '1',
    'x-old': '2',
    'x-new': 'forged',
    'x-env': 'dev',
    'x-tag': 'a',
    authorization: 'mine',
  };
  assert.equal((await ask(`${gateway.url}/x`, { headers: sent })).status, 200);
  const seen = service.requests[0]?.headers ?? {};
  assert.deepEqual(
    ['x-secret', 'x-forwarded-for', 'x-old', 'x-new', 'x-env', 'x-tag', 'authorization'].map((name) => seen[name]),
    [undefined, undefined, undefined, '2', 'prod', 'a, b', 'Bearer abc'],
  );
  assert.equal(seen['x-real-ip'], '127.0.0.1');
});

test('a client sees the answer with its fields removed, renamed, set and added; a fixed one too', async (t) => {
  const service = await startService(t, (_req, res) => {
    res.writeHead(
      200,
      [
        ['x-debug', '1'],
        ['x-old', '2'],
        ['cache-control', 'no-cache'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['link', '</a>'],
      ].flat(),
    );
    res.end('body');
  });
  const headers = {
    remove: ['x-debug'],
    rename: { 'x-old': 'x-new' },
    set: { 'cache-control': 'public' },
    add: { 'set-cookie': 'c=3', link: '</b>' },
  };
  const gateway = await startGateway(t, {
    file: {
      routes: [
        { prefix: '/x', target: service.url, response: { headers }, ...OPEN },
        { prefix: '/fixed', respond: { status: 200, headers: { 'X-Debug': '1' } }, response: { headers }, ...OPEN },
        { prefix: '/else', target: service.url, ...OPEN },
      ],
    },
  });
  const answer = await ask(`${gateway.url}/x`);
  const names = ['x-debug', 'x-old', 'x-new', 'cache-control', 'set-cookie', 'link'];
  assert.deepEqual(
    names.map((name) => answer.headers[name]),
    [undefined, undefined, '2', 'public', ['a=1', 'b=2', 'c=3'], '</a>, </b>'],
  );
  assert.deepEqual([answer.text, answer.headers['x-content-type-options']], ['body', 'nosniff']);
  const fixed = await ask(`${gateway.url}/fixed`);
  assert.deepEqual([fixed.headers['x-debug'], fixed.headers['cache-control']], [undefined, 'public']);
  assert.equal((await ask(`${gateway.url}/else`)).headers['x-debug'], '1');
});

test('a refusal of the gateway stays as it is: it must never be kept by a cache', async (t) => {
  const headers = { set: { 'cache-control': 'public, max-age=3600' } };
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: 'http://127.0.0.1:9', response: { headers }, retry: false, ...OPEN }] },
  });
  const answer = await ask(`${gateway.url}/x`);
  assert.deepEqual([answer.status, answer.headers['cache-control']], [502, 'no-store']);
});

test('edits in defaults reach every route, and a route adds its own', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      defaults: { request: { headers: { set: { 'x-env': 'prod' } } }, auth: 'none' },
      routes: [{ prefix: '/x', target: service.url, request: { headers: { set: { 'x-team': 'a' } } } }],
    },
  });
  await ask(`${gateway.url}/x`);
  const seen = service.requests[0]?.headers ?? {};
  assert.deepEqual([seen['x-env'], seen['x-team']], ['prod', 'a']);
});

function load(t: TestContext, keys: object): void {
  const route = { prefix: '/a', target: 'http://localhost:1', ...OPEN, ...keys };
  const folder = configFolder(t, { 'routes.json': { routes: [route] } });
  loadRoutesWith(STAGES, `${folder}/routes.json`, { env: {} });
}

function faultsIn(t: TestContext, keys: object): string[] {
  return faultsOf(() => load(t, keys)).map(({ message }) => message);
}

const CONNECTION = [
  'Connection',
  'Keep-Alive',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Content-Length',
  'Host',
];
const IDENTITY = ['X-User-Id', 'X-Consumer-Name', 'X-Auth-Method', 'X-Internal-Key', 'X-Gateway-Route', 'Remote-User'];

test('fields of the connection and of the framing are edited by nobody', (t) => {
  for (const name of CONNECTION) {
    for (const side of ['request', 'response']) {
      for (const edits of [
        { remove: [name] },
        { rename: { [name]: 'x-a' } },
        { rename: { 'x-a': name } },
        { set: { [name]: '1' } },
        { add: { [name]: '1' } },
      ]) {
        const [fault = `${name} was taken`] = faultsIn(t, { [side]: { headers: edits } });
        assert.match(fault, /belongs to the connection/, `${side} ${JSON.stringify(edits)}`);
      }
    }
  }
});

test('what frames a message is not written with an underscore either, and may be taken away in that spelling', (t) => {
  for (const name of ['content_length', 'Transfer_Encoding', 'Keep_Alive', 'transfer-encoding']) {
    for (const side of ['request', 'response']) {
      for (const edits of [{ rename: { 'x-a': name } }, { set: { [name]: '1' } }, { add: { [name]: '1' } }]) {
        const [fault = `${name} was taken`] = faultsIn(t, { [side]: { headers: edits } });
        assert.match(fault, /belongs to the connection/, `${side} ${JSON.stringify(edits)}`);
      }
      const removing = { [side]: { headers: { remove: [name] } } };
      if (name.includes('_')) assert.doesNotThrow(() => load(t, removing));
    }
  }
});

test("what a service believes the gateway is written by nobody else, in a CGI's spelling neither", (t) => {
  for (const name of [
    ...IDENTITY,
    'X_User_Id',
    'X-Forwarded-For',
    'X-Request-Id',
    'Client-Cert',
    'Sec-WebSocket-Key',
  ]) {
    for (const edits of [{ rename: { 'x-a': name } }, { set: { [name]: '1' } }, { add: { [name]: '1' } }]) {
      const [fault = `${name} was taken`] = faultsIn(t, { request: { headers: edits } });
      assert.match(fault, /the gateway's own word/, JSON.stringify(edits));
    }
  }
});

test('what the gateway puts on an answer, or keeps to itself, is no field of the route to edit', (t) => {
  for (const edits of [
    { remove: ['X-Request-Id'] },
    { remove: ['Date'] },
    { set: { date: 'Thu, 01 Jan 1970 00:00:00 GMT' } },
    { remove: ['X-Frame-Options'] },
    { set: { RateLimit: '1' } },
    { set: { 'Access-Control-Allow-Origin': '*' } },
    { set: { Server: 'a' } },
    { rename: { 'x-a': 'x-internal-b' } },
    { add: { 'X-Powered-By': 'a' } },
  ]) {
    assert.equal(faultsIn(t, { response: { headers: edits } }).length, 1, JSON.stringify(edits));
  }
});
