import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, type AskOptions, ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

/** Everybody may call `search`, nobody `drop`; all other tools are open, so that a name that is only nearly `drop` gets by. */
const OPEN = { tools: { search: {}, drop: false, '*': {} }, resources: { 'file:///public/*': {} } };

async function start(t: TestContext, mcp: object = OPEN, route: object = {}) {
  const service = await startService(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end('{"jsonrpc":"2.0","id":1,"result":{}}');
  });
  const one = { prefix: '/mcp', name: 'tools', target: service.url, auth: 'none', mcp, ...route };
  return { service, gateway: await startGateway(t, { file: { routes: [one] } }) };
}

const TYPE = { 'content-type': 'application/json' };

const post = ({ url }: TestGateway, body: string | Buffer, options: AskOptions = {}): Promise<Answer> =>
  ask(`${url}/mcp`, { method: 'POST', body, ...options, headers: { ...TYPE, ...options.headers } });

const call = (name: string, more = ''): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(name)}}${more}}`;

function assertNotReached(service: StubService): void {
  assert.equal(service.requests.length, 0, service.requests.at(-1)?.body.toString());
}

test('a refused call is answered as JSON-RPC has it, with the ID as it was written', async (t) => {
  const { gateway, service } = await start(t);
  for (const id of ['1', '"x"', '12345678901234567890', '1.5e400', '-0.10']) {
    const answer = await post(gateway, call('drop').replace('"id":1', `"id":${id}`));
    assert.equal(answer.status, 403);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(/"id":([^,]+),/.exec(answer.text)?.[1], id === '-0.10' ? '-0.1' : id);
    assert.equal(answer.json.error.code, 403);
    assert.equal(answer.json.error.data.code, 'forbidden');
  }
  for (const id of ['{}', '[1]', 'null', `"${'x'.repeat(300)}"`])
    assert.equal(Object.hasOwn((await post(gateway, call('drop').replace('"id":1', `"id":${id}`))).json, 'id'), false);
  assertNotReached(service);
});

test('no spelling of a method, a member or a name gets a refused tool called', async (t) => {
  const { gateway, service } = await start(t);
  const params = '"params":{"name":"drop"}';
  const bodies = [
    '{"jsonrpc":"2.0","id":1,"method":"tools\\/call","params":{"name":"\\u0064rop"}}',
    '{"jsonrpc":"2.0","id":1,"m\\u0065thod":"tools/call","par\\u0061ms":{"n\\u0061me":"drop"}}',
    `{"method":"tools/list","method":"tools/call",${params}}`,
    `{"method":"tools/call","params":{"name":"search"},${params}}`,
    '{"method":"tools/call","params":{"name":"search","name":"drop"}}',
    '{"method":"tools/call","params":{"name":"search","n\\u0061me":"drop"}}',
    `{"method":"tools/list","Method":"tools/call",${params}}`,
    `{"method":"tools/list","METHOD":"tools/call",${params}}`,
    '{"method":"tools/call","params":{"name":"search"},"Params":{"name":"drop"}}',
    '{"method":"tools/call","params":{"name":"search"},"param\u017f":{"name":"drop"}}',
    '{"method":"tools/call","params":{"name":"search","Name":"drop"}}',
    `{"method":"Tools/Call",${params}}`,
    `{"method":" tools/call",${params}}`,
    `{"method":"tools/call\\u0000",${params}}`,
    `{"method":"tool\u017f/call",${params}}`,
    `{"method":"/tools/call",${params}}`,
    `{"method":["tools/call"],${params}}`,
    `{"method":{"x":"tools/call"},${params}}`,
    `{"method":null,${params}}`,
    `{"result":{},"method":"tools/call",${params}}`,
    '{"method":"tools/call","params":["drop"]}',
    '{"method":"tools/call","params":{"name":["drop"]}}',
    '{"method":"tools/call","params":{"name":"drop\\u0000"}}',
    '{"method":"tools/call","params":{"name":"drop\\ud800"}}',
    '{"method":"tools/call","params":{"name":" drop"}}',
    '{"method":"tools/call","params":{"name":"drop\\u00a0"}}',
    '{"method":"tools/call","params":{"__proto__":{"name":"search"}}}',
    `{"__proto__":{"method":"tools/list"},"method":"tools/call",${params}}`,
    `{"__proto__":{"method":"tools/call",${params}}}`,
    '{"method":"tools/call"}',
    '"tools/call"',
    'null',
    '[]',
    '[[]]',
    '',
    `${call('search')}${call('drop')}`,
    `\ufeff${call('drop')}`,
  ];
  for (const body of bodies) {
    const { status } = await post(gateway, body);
    assert.ok(status === 400 || status === 403, `${status} for ${body}`);
  }
  assertNotReached(service);
});

test('every message of a batch is looked at, and a batch is bounded', async (t) => {
  const { gateway, service } = await start(t);
  const messages = (list: readonly string[]): string => `[${list.join(',')}]`;
  for (const list of [
    [call('search'), call('drop')],
    [call('drop'), call('search')],
    [call('search'), '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"drop"}}'],
    [call('search'), messages([call('drop')])],
    Array.from({ length: 11 }, () => call('search')),
  ]) {
    const { status } = await post(gateway, messages(list));
    assert.ok(status === 400 || status === 403, `${status}`);
  }
  assertNotReached(service);
  assert.equal((await post(gateway, messages([call('search'), call('other')]))).status, 200);
});

test('header fields that say something else than the body are refused, in any version of the protocol', async (t) => {
  const { gateway, service } = await start(t);
  const wrong: Record<string, string | readonly string[]>[] = [
    { 'mcp-method': 'tools/list' },
    { 'mcp-method': 'Tools/Call' },
    { 'mcp-method': 'tools/call', 'mcp-name': 'drop' },
    { 'mcp-name': 'drop' },
    { 'mcp-name': 'Search' },
    { 'mcp-name': '=?base64?ZHJvcA==?=' },
    { 'mcp-name': '=?base64?c2VhcmNo =?=' },
    { 'mcp-name': '=?base64?c2VhcmNo?=, search' },
    { 'mcp-name': ['search', 'drop'] },
    { 'mcp-method': ['tools/call', 'tools/call'] },
  ];
  for (const headers of wrong) {
    const answer = await post(gateway, call('search'), { headers });
    assert.equal(answer.status, 400, JSON.stringify(headers));
    assert.equal(answer.json.error.code, -32_020);
    assert.equal(answer.json.error.data.code, 'header_mismatch');
  }
  assert.equal((await post(gateway, `[${call('search')},${call('search')}]`, { headers: wrong[0] ?? {} })).status, 400);
  assertNotReached(service);
  const right = { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?c2VhcmNo?=' };
  assert.equal((await post(gateway, call('search'), { headers: right })).status, 200);
});

test('fields are believed only of a version that is checked, once each, and as the service gets them', async (t) => {
  const { gateway, service } = await start(t, { ...OPEN, trustHeaders: true });
  const version = { 'mcp-protocol-version': '2026-07-28' };
  const allowed = { 'mcp-method': 'tools/call', 'mcp-name': 'search' };
  const refused: Record<string, string | readonly string[]>[] = [
    // What is not believed is compared with the body, in which the refused tool stands.
    allowed,
    { ...allowed, 'mcp-protocol-version': '2025-11-25' },
    { ...allowed, 'mcp-protocol-version': 'latest' },
    { ...allowed, 'mcp-protocol-version': '9' },
    { ...allowed, 'mcp-protocol-version': ['2026-07-28', '2025-11-25'] },
    { ...version, 'mcp-method': ['tools/list', 'tools/call'] },
    { ...version, 'mcp-method': 'tools/call', 'mcp-name': ['search', 'drop'] },
    { ...version, 'mcp-method': 'tools/call' },
    { ...version, 'mcp-method': 'TOOLS/CALL', 'mcp-name': 'search' },
    { ...version, 'mcp-method': 'tools/call', 'mcp-name': 'drop' },
    { ...version, 'mcp-method': 'tools/call', 'mcp-name': '=?base64?ZHJvcA==?=' },
    // Taken off by whoever sends it on: the service would see none.
    { ...version, ...allowed, connection: 'mcp-method' },
    { ...version, ...allowed, connection: 'mcp-protocol-version' },
    { ...version, ...allowed, connection: 'mcp-name' },
  ];
  for (const headers of refused) {
    const { status } = await post(gateway, call('drop'), { headers });
    assert.ok(status === 400 || status === 403, `${status} for ${JSON.stringify(headers)}`);
  }
  assertNotReached(service);
  // The service is the one that compares: that is what the route says of it.
  assert.equal((await post(gateway, call('drop'), { headers: { ...version, ...allowed } })).status, 200);
  assert.equal(service.requests[0]?.headers['mcp-name'], 'search');
});

test('bodies that are huge, deep, coded twice or of another type do not pass', async (t) => {
  const { gateway, service } = await start(t, OPEN, { bodyLimit: '64kb' });
  const deep = `{"method":"tools/call","params":{"name":"search","arguments":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`;
  assert.equal((await post(gateway, call(`search${'x'.repeat(100_000)}`))).status, 413);
  assert.equal((await post(gateway, deep)).status, 400);
  assert.equal(
    (await post(gateway, gzipSync(call('x'.repeat(1_000_000))), { headers: { 'content-encoding': 'gzip' } })).status,
    413,
  );
  assert.equal((await post(gateway, call('search'), { headers: { 'content-encoding': 'rot13' } })).status, 415);
  for (const type of [
    'text/plain',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    'application/vnd.x+json',
  ])
    assert.equal((await post(gateway, call('search'), { headers: { 'content-type': type } })).status, 415, type);
  assert.equal((await post(gateway, Buffer.from(call('\xff'), 'latin1'))).status, 400);
  assertNotReached(service);
  const coded = await post(gateway, gzipSync(call('search')), { headers: { 'content-encoding': 'gzip' } });
  assert.equal(coded.status, 200);
  assert.equal(service.requests[0]?.headers['content-encoding'], undefined);
  assert.equal(service.requests[0]?.body.toString(), call('search'));
});

test('other methods of HTTP carry no message', async (t) => {
  const { gateway, service } = await start(t);
  const body = call('drop');
  for (const method of ['PUT', 'PATCH', 'GET', 'DELETE']) {
    const { status } = await ask(`${gateway.url}/mcp`, {
      method,
      body,
      headers: { ...TYPE, 'content-length': String(body.length) },
    });
    assert.ok(status === 400 || status === 405, `${method}: ${status}`);
  }
  assertNotReached(service);
});

test('a URI that leads elsewhere once it is normalised is none of those that begin like it', async (t) => {
  const { gateway, service } = await start(t);
  const read = (uri: string, method = 'resources/read'): Promise<Answer> =>
    post(gateway, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { uri } }));
  for (const uri of [
    'file:///public/../secret',
    'file:///public/%2e%2e/secret',
    'file:///public/..%2Fsecret',
    'file:///public\\..\\secret',
    'file:///public/.%2E/secret',
    'file:///secret',
    'FILE:///public/a',
    'file:///PUBLIC/a',
    'file://host/public/a',
  ]) {
    assert.equal((await read(uri)).status, 403, uri);
    assert.equal((await read(uri, 'resources/subscribe')).status, 403, uri);
  }
  const ask = (method: string, params: object) =>
    post(gateway, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  const ref = { type: 'ref/resource', uri: 'file:///secret/{x}' };
  assert.equal((await ask('completion/complete', { ref, argument: { name: 'x', value: '' } })).status, 403);
  const notifications = { resourceSubscriptions: ['file:///public/a', 'file:///secret'] };
  assert.equal((await ask('subscriptions/listen', { notifications })).status, 403);
  assertNotReached(service);
  assert.equal((await read('file:///public/a%20b.txt')).status, 200);
});
