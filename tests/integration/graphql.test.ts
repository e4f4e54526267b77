import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { collect } from '../support/own-stages.ts';
import { type StubService, startService } from '../support/service.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Guarded {
  readonly gateway: TestGateway;
  readonly service: StubService;
  readonly url: string;
}

async function start(t: TestContext, graphql: object = {}, route: object = {}): Promise<Guarded> {
  const service = await startService(t);
  const one = { prefix: '/graphql', name: 'graph', target: service.url, stripPrefix: false, auth: 'none', graphql };
  const gateway = await startGateway(t, { file: { routes: [{ ...one, ...route }] } });
  return { gateway, service, url: `${gateway.url}/graphql` };
}

const post = (url: string, message: unknown, headers = {}): Promise<Answer> =>
  ask(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(message) });
const get = (url: string, parameters: Record<string, string>): Promise<Answer> =>
  ask(`${url}?${new URLSearchParams(parameters)}`);
const bodyAt = ({ service }: Guarded, index: number): unknown => JSON.parse(String(service.requests[index]?.body));

test('a query passes by POST, as JSON or as a document alone, and by GET', async (t) => {
  const guarded = await start(t);
  const { url, service } = guarded;
  const query = 'query Hero($id: ID!) { hero(id: $id) { name } }';
  const variables = { id: '7' };
  assert.equal((await post(url, { query, variables, operationName: 'Hero' })).status, 200);
  const typed = { 'content-type': 'application/graphql' };
  assert.equal((await ask(url, { method: 'POST', headers: typed, body: '{ a }' })).status, 200);
  assert.equal((await get(url, { query, variables: JSON.stringify(variables) })).status, 200);
  assert.deepEqual(bodyAt(guarded, 0), { query, operationName: 'Hero', variables });
  assert.deepEqual(bodyAt(guarded, 1), { query: '{ a }' });
  assert.equal(service.requests[1]?.headers['content-type'], 'application/json');
  const seen = new URL(service.requests[2]?.path ?? '', 'http://x');
  assert.deepEqual(Object.fromEntries(seen.searchParams), { query, variables: '{"id":"7"}' });
});

test('what is too much is told with its numbers, as a problem that clients of GraphQL can read too', async (t) => {
  const { url, service } = await start(t, { maxDepth: 2, maxAliases: 1 });
  const { status, headers, json } = await post(url, { query: '{ a { b { c } } x: y z: y }' });
  assert.equal(status, 400);
  assert.equal(headers['content-type'], 'application/problem+json');
  assert.equal(json.code, 'query_refused');
  assert.deepEqual(json.errors, [
    { pointer: '/query', detail: 'depth 3, at most 2', message: 'depth 3, at most 2' },
    { pointer: '/query', detail: 'aliases 2, at most 1', message: 'aliases 2, at most 1' },
  ]);
  assert.equal(service.requests.length, 0);
});

test('introspection is off until a route allows it', async (t) => {
  const off = await start(t);
  const query = '{ __schema { types { name } } }';
  assert.equal((await post(off.url, { query })).status, 400);
  assert.equal((await post(off.url, { query: '{ __typename }' })).status, 200);
  const on = await start(t, { introspection: true });
  assert.equal((await post(on.url, { query })).status, 200);
});

test('other types, methods and bodies are refused with what would do', async (t) => {
  const { url, service } = await start(t);
  const body = '{ a }';
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])
    assert.equal((await ask(url, { method: 'POST', headers: { 'content-type': type }, body })).status, 415, type);
  assert.equal((await ask(url, { method: 'POST', body })).status, 415);
  const put = await ask(url, { method: 'PUT', headers: JSON_TYPE, body });
  assert.deepEqual([put.status, put.headers['allow']], [405, 'GET, HEAD, POST']);
  assert.equal((await ask(url)).status, 400);
  assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body: '{' })).json.code, 'bad_body');
  assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body: '' })).json.code, 'query_refused');
  assert.equal(service.requests.length, 0);
});

test('a mutation by GET is refused, a subscription by server-sent events is not', async (t) => {
  const { url } = await start(t);
  const mutation = await get(url, { query: 'mutation { a }' });
  assert.deepEqual([mutation.status, mutation.headers['allow']], [405, 'POST']);
  assert.equal((await get(url, { query: 'query A { a } mutation B { b }', operationName: 'A' })).status, 405);
  assert.equal((await get(url, { query: 'subscription { a }' })).status, 200);
});

test('a batch passes as far as the route allows it, and costs what all of it costs', async (t) => {
  const guarded = await start(t, { maxBatch: 2, maxCost: 4 });
  const { url } = guarded;
  assert.equal((await post(url, [{ query: '{ a }' }, { query: '{ b }' }])).status, 200);
  assert.deepEqual(bodyAt(guarded, 0), [{ query: '{ a }' }, { query: '{ b }' }]);
  const three = await post(url, [{ query: '{ a }' }, { query: '{ b }' }, { query: '{ c }' }]);
  assert.match(three.json.detail, /a batch of 3, at most 2/);
  const dear = await post(url, [{ query: '{ a { b c } }' }, { query: '{ b { c } }' }]);
  assert.match(dear.json.detail, /cost 5, at most 4/);
  const wrong = await post(url, [{ query: '{ a }' }, { query: '{ a' }]);
  assert.equal(wrong.json.errors[0].pointer, '/1/query');
});

test('a compressed body is looked at, and forwarded as it was looked at', async (t) => {
  const guarded = await start(t, { maxDepth: 1 });
  const send = (query: string) =>
    ask(guarded.url, {
      method: 'POST',
      headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify({ query })),
    });
  assert.equal((await send('{ a { b } }')).status, 400);
  assert.equal((await send('{ a }')).status, 200);
  assert.deepEqual(bodyAt(guarded, 0), { query: '{ a }' });
  assert.equal(guarded.service.requests[0]?.headers['content-encoding'], undefined);
});

test('the log names the operation and never the query, and metrics name those of the list alone', async (t) => {
  const hero = 'query Hero { hero }';
  const { gateway, url } = await start(t, { queries: { hero } });
  await post(url, { id: 'hero' });
  await post(url, { query: 'mutation Login { login(password: "hunter2") }' }, { 'x-request-id': 'a' });
  await post(url, { query: 'query Hero { hero(password: "hunter2") }' });
  await post(url, { query: 'query Deep { a(password: "hunter2" }' });
  await get(url, { query: 'query Got { got(password: "hunter2") }', variables: '{"password":"hunter2"}' });
  await gateway.line({ operation: 'Login' });
  const { path } = await gateway.line({ operation: 'Got' });
  assert.equal(path, '/graphql?***');
  assert.doesNotMatch(gateway.accessLines.join('\n') + gateway.messages.join('\n'), /hunter2/);
  const metrics = await gateway.metrics();
  const counted = [...metrics.matchAll(/turnpike_graphql_operations_total\{(.*)\} (\d+)/g)].map(
    ([, a, b]) => `${a} ${b}`,
  );
  assert.deepEqual(counted.sort(), [
    'route="graph",operation="Hero",type="query" 1',
    'route="graph",operation="other",type="mutation" 1',
    'route="graph",operation="other",type="query" 2',
  ]);
});

test('a call that is refused for want of a credential leaves no query in the log either', async (t) => {
  const { gateway, url } = await start(t, {}, { auth: 'api-key' });
  assert.equal((await get(url, { query: '{ a(password: "hunter2") }' })).status, 401);
  await gateway.line({ status: 401, path: '/graphql?***' });
});

test('with a list alone only its documents pass, by ID, hash or text', async (t) => {
  const hero = 'query Hero { hero { name } }';
  const sha256Hash = createHash('sha256').update(hero).digest('hex');
  const guarded = await start(t, { queries: { hero }, onlyListed: true });
  const { url, service } = guarded;
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  assert.equal((await post(url, { id: 'hero' })).status, 200);
  assert.equal((await post(url, { extensions })).status, 200);
  assert.equal((await post(url, { query: hero, extensions })).status, 200);
  assert.equal((await get(url, { extensions: JSON.stringify(extensions) })).status, 200);
  for (const index of [0, 1, 2]) assert.deepEqual(bodyAt(guarded, index), { query: hero });
  assert.equal(service.requests[3]?.path, `/graphql?query=${encodeURIComponent(hero)}`);
  assert.equal((await post(url, { query: `${hero} ` })).status, 400);
  assert.equal((await post(url, { id: 'other' })).status, 400);
  assert.equal(service.requests.length, 4);
});

test("a hash that nobody knows is answered so that Apollo's clients send the document", async (t) => {
  const { url } = await start(t);
  const { json } = await post(url, { extensions: { persistedQuery: { version: 1, sha256Hash: 'ab' } } });
  assert.equal(json.errors[0].message, 'PersistedQueryNotFound');
});

test('shadow tells what would be refused, and forwards the very bytes that came', async (t) => {
  const { gateway, service, url } = await start(t, { maxDepth: 1 }, { shadow: ['graphql'] });
  const body = '{"query":"{ a { b } }", "query":"{ a { b { c } } }"}';
  assert.equal((await ask(url, { method: 'POST', headers: JSON_TYPE, body })).status, 200);
  assert.equal(String(service.requests[0]?.body), body);
  assert.equal((await gateway.line({ status: 200 }))['shadow'], 'graphql:query_refused');
  assert.equal((await ask(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body })).status, 200);
  const large = {
    method: 'POST',
    headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
    body: `"${'x'.repeat(2e6)}"`,
  };
  assert.equal((await ask(url, large)).status, 413);
});

test('an explanation looks at the query and changes nothing', async (t) => {
  const { gateway } = await start(t, { maxDepth: 2 });
  const headers = ['host', 'gateway.test'];
  const target = `/graphql?query=${encodeURIComponent('query A { a { b } }')}`;
  const passed = await collect(gateway.gateway.inProcess, { method: 'GET', target, headers, dryRun: true });
  assert.ok(passed.context.trace?.some(({ decision }) => decision === 'A costs 2 of 5000'));
  const blind = await collect(gateway.gateway.inProcess, { method: 'POST', target: '/graphql', headers, dryRun: true });
  assert.ok(blind.context.trace?.some(({ stage, decision }) => stage === 'graphql' && /not here/.test(decision)));
  assert.doesNotMatch(await gateway.metrics(), /turnpike_graphql_operations_total\{/);
});

test('OPTIONS reaches a service that answers CORS itself', async (t) => {
  const { url } = await start(t, {}, { cors: false });
  const asks = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
  assert.equal((await ask(url, { method: 'OPTIONS', headers: asks })).status, 200);
});

test('HEAD is looked at as GET is', async (t) => {
  const { url } = await start(t, { maxDepth: 1 });
  assert.equal((await ask(`${url}?query={a}`, { method: 'HEAD' })).status, 200);
  assert.equal((await ask(`${url}?query={a{b}}`, { method: 'HEAD' })).status, 400);
});
