import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { startService } from '../support/service.ts';

/**
 * A query that the gateway reads in one way and the service in another: what was looked at must be what is run, and
 * anything that could be read as two is refused or written anew.
 */

const JSON_TYPE = { 'content-type': 'application/json' };
const EVIL = '{ a { b { c } } }';

async function start(t: TestContext, graphql: object = { maxDepth: 1, maxBatch: 3 }) {
  const service = await startService(t);
  const route = { prefix: '/graphql', target: service.url, stripPrefix: false, auth: 'none', graphql };
  const gateway = await startGateway(t, { file: { routes: [route] } });
  return { service, port: gateway.port, url: `${gateway.url}/graphql` };
}

test('a member that is there twice reaches the service once, as it was looked at', async (t) => {
  const { service, url } = await start(t);
  const post = (body: string) => ask(url, { method: 'POST', headers: JSON_TYPE, body });
  assert.equal((await post(`{"query":"{ a }","query":"${EVIL}"}`)).status, 400);
  assert.equal((await post(`{"query":"${EVIL}","query":"{ a }"}`)).status, 200);
  assert.equal((await post(`{"query":"${EVIL}","\\u0071uery":"{ a }"}`)).status, 200);
  assert.equal((await post(`{"variables":{"a":1},"query":"{ a }","variables":{"a":2}}`)).status, 200);
  const seen = service.requests.map(({ body }) => body.toString());
  assert.deepEqual(seen, ['{"query":"{ a }"}', '{"query":"{ a }"}', '{"query":"{ a }","variables":{"a":2}}']);
});

test('members that some service runs instead are left out', async (t) => {
  const { service, url } = await start(t);
  const others = {
    Query: EVIL,
    id: '7',
    documentId: '7',
    doc_id: '7',
    queryId: '7',
    operations: EVIL,
    __proto__: null,
  };
  const body = JSON.stringify({ query: '{ a }', ...others, extensions: { persistedQuery: null } });
  assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body })).status, 200);
  assert.equal(service.requests[0]?.body.toString(), '{"query":"{ a }"}');
});

test('members named as parts of a prototype change nothing', async (t) => {
  const { service, url } = await start(t);
  const body = `{"query":"{ a }","__proto__":{"query":"${EVIL}"},"variables":{"__proto__":{"x":1},"constructor":1}}`;
  assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body })).status, 200);
  const seen = service.requests[0]?.body.toString();
  assert.equal(seen, '{"query":"{ a }","variables":{"__proto__":{"x":1},"constructor":1}}');
});

test('a charset that the service would read another text from does not reach it', async (t) => {
  const { service, url } = await start(t);
  const post = (type: string) =>
    ask(url, { method: 'POST', headers: { 'content-type': type }, body: '{"query":"{ a }"}' });
  assert.equal((await post('application/json; charset=utf-7')).status, 415);
  assert.equal((await post('application/json; charset=iso-8859-1')).status, 415);
  assert.equal((await post('application/json; charset=UTF-8')).status, 200);
  assert.equal(service.requests.length, 1);
  assert.equal(service.requests[0]?.headers['content-type'], 'application/json');
});

test('a POST whose URL holds a part of the message is refused', async (t) => {
  const { service, url } = await start(t);
  const names = [
    'query',
    'Query',
    'query[]',
    '%71uery',
    'variables',
    'operationName',
    'extensions',
    'id',
    'documentId',
  ];
  for (const name of [...names, 'doc_id', 'queryId', 'x=1;query']) {
    const path = `/graphql?${name}=${encodeURIComponent(EVIL)}`;
    const answer = await ask(url, { method: 'POST', path, headers: JSON_TYPE, body: '{"query":"{ a }"}' });
    assert.deepEqual([answer.status, answer.json.code], [400, 'query_refused'], name);
  }
  const harmless = { method: 'POST', path: '/graphql?op=A', headers: JSON_TYPE, body: '{"query":"{ a }"}' };
  assert.equal((await ask(url, harmless)).status, 200);
  assert.deepEqual(
    service.requests.map(({ path }) => path),
    ['/graphql?op=A'],
  );
});

test('a GET with two queries, or with one that is named in another way too, is refused', async (t) => {
  const { service, url } = await start(t);
  for (const query of [
    'query={a}&query={a{b}}',
    'query={a};query={a{b}}',
    'query={a}&Query={a{b}}',
    'query={a}&query[]={a{b}}',
    'query={a}&query%5B%5D={a{b}}',
    'query={a}&%51uery={a{b}}',
    'query={a}&doc_id=7',
    'query={a}&query.x={a{b}}',
    'query={a}&%20query={a{b}}',
    'query={a}&query%00={a{b}}',
  ]) {
    assert.equal((await ask(url, { path: `/graphql?${query}` })).status, 400, query);
  }
  assert.equal(service.requests.length, 0);
});

test('a GET with a body is refused, whatever its URL says', async (t) => {
  const { service, url, port } = await start(t);
  const body = `{"query":"${EVIL}"}`;
  const headers = { ...JSON_TYPE, 'content-length': String(body.length) };
  assert.equal((await ask(`${url}?query={a}`, { method: 'GET', headers, body })).status, 400);
  const head = 'GET /graphql?query={a} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n';
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  assert.equal(statusOf(await askRaw(port, chunked)), 400);
  assert.equal(service.requests.length, 0);
});

test('a batch is looked at as far as its last message, nested batches are none', async (t) => {
  const { service, url } = await start(t);
  const post = (body: unknown) => ask(url, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });
  assert.equal((await post([{ query: '{ a }' }, { query: EVIL }])).status, 400);
  assert.equal((await post([[{ query: EVIL }]])).status, 400);
  assert.equal((await post({ 0: { query: EVIL }, length: 1, query: '{ a }' })).status, 200);
  assert.equal(service.requests[0]?.body.toString(), '{"query":"{ a }"}');
});

test('types that a page may send without asking, and types with a message in parts, are refused', async (t) => {
  const { service, url, port } = await start(t);
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'text/plain;application/json',
    'application/vnd.api+json',
    'application/graphql+json',
    'application/graphql-response+json',
  ];
  for (const type of [...types, 'application/jsonx', ''])
    assert.equal(
      (await ask(url, { method: 'POST', headers: { 'content-type': type }, body: '{"query":"{ a }"}' })).status,
      415,
      type,
    );
  const body = '{"query":"{ a }"}';
  const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n`;
  const two = 'content-type: application/json\r\ncontent-type: application/graphql\r\n';
  assert.equal(statusOf(await askRaw(port, `${head}${two}\r\n${body}`)), 415);
  assert.equal(service.requests.length, 0);
});

test('introspection can not be hidden: aliases, fragments, other operations, escapes of JSON', async (t) => {
  const { service, url } = await start(t, {});
  for (const query of [
    '{ a: __schema { types { name } } }',
    '{ ...F } fragment F on Query { __type(name: "A") { name } }',
    '{ ... on Query { ... { _service { sdl } } } }',
    'query A { a } query B { __schema { types { name } } }',
    '{ a # }\r__schema { types { name } } }',
    '\ufeff{ __schema { types { name } } }',
  ]) {
    const escaped = JSON.stringify({ query, operationName: query.includes('query A') ? 'A' : undefined });
    const body = escaped.replace('__schema', '\\u005f_schema');
    assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body })).status, 400, query);
  }
  assert.equal(service.requests.length, 0);
});

test('a document is not run under the hash of another one', async (t) => {
  const { service, url } = await start(t, { queries: { ok: '{ a }' } });
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const body = JSON.stringify({ query: '{ a }', extensions });
  assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body })).status, 400);
  assert.equal(service.requests.length, 0);
});
