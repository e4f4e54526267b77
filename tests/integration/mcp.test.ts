import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startMcp, type TestMcp } from '../support/mcp.ts';
import { until } from '../support/until.ts';

const [READER, ADMIN] = [createApiKey(), createApiKey()];
const CONSUMERS = [
  { name: 'reader', roles: ['reader'], keys: [{ id: 'r1', sha256: hashApiKey(READER) }] },
  { name: 'admin', roles: ['admin'], keys: [{ id: 'a1', sha256: hashApiKey(ADMIN) }] },
];
const RULES = {
  tools: { search: {}, report: {}, add: { when: "'reader' in roles" }, delete_all: { roles: ['admin'] } },
  prompts: { greet: {}, '*': { roles: ['admin'] } },
  resources: { 'file:///public/*': {} },
};

/** Both eras of the protocol: sessions with a handshake, and calls that stand for themselves. */
const ERAS = {
  '2025-11-25': 'legacy',
  '2026-07-28': { pin: '2026-07-28' },
} as const;

interface World {
  readonly gateway: TestGateway;
  readonly service: TestMcp;
}

async function start(t: TestContext, mcp: object = {}, { json = false, route = {} } = {}): Promise<World> {
  const service = await startMcp(t, { json });
  const one = { prefix: '/mcp', name: 'tools', target: service.url, stripPrefix: false, auth: 'api-key' };
  const file = { consumers: CONSUMERS, routes: [{ ...one, mcp: { ...RULES, ...mcp }, ...route }] };
  return { gateway: await startGateway(t, { file }), service };
}

async function connect(
  t: TestContext,
  { url }: TestGateway,
  era: keyof typeof ERAS,
  key = READER,
): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: 'trial', version: '1.0.0' }, { versionNegotiation: { mode: ERAS[era] } });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { 'x-api-key': key } },
  });
  t.after(() => client.close());
  await client.connect(transport);
  return { client, transport };
}

for (const era of Object.keys(ERAS) as (keyof typeof ERAS)[]) {
  for (const json of [true, false]) {
    const how = `${era}, ${json ? 'JSON' : 'events'}`;

    test(`the client of MCP sees the tools, prompts and resources that it may use (${how})`, async (t) => {
      const { gateway } = await start(t, {}, { json });
      const { client } = await connect(t, gateway, era);
      assert.equal(client.getNegotiatedProtocolVersion(), era);
      assert.deepEqual(
        (await client.listTools()).tools.map(({ name }) => name),
        ['search', 'add', 'report'],
      );
      assert.deepEqual(
        (await client.listPrompts()).prompts.map(({ name }) => name),
        ['greet'],
      );
      assert.deepEqual(
        (await client.listResources()).resources.map(({ uri }) => uri),
        ['file:///public/a.txt'],
      );
      const other = await connect(t, gateway, era, ADMIN);
      assert.deepEqual(
        (await other.client.listTools()).tools.map(({ name }) => name),
        ['search', 'delete_all', 'report'],
      );
      assert.equal((await other.client.listPrompts()).prompts.length, 2);
    });

    test(`a tool that may be called runs, and one that may not does not (${how})`, async (t) => {
      const { gateway, service } = await start(t, {}, { json });
      const { client } = await connect(t, gateway, era);
      const { content } = await client.callTool({ name: 'search', arguments: { a: 1 } });
      assert.deepEqual(content, [{ type: 'text', text: 'search ran' }]);
      await assert.rejects(client.callTool({ name: 'delete_all' }), (error: Error & { data?: { status?: number } }) => {
        assert.equal(error.data?.status, 403);
        assert.match(error.message, /This needs one of the roles admin/);
        return true;
      });
      await assert.rejects(client.getPrompt({ name: 'scold' }), /roles admin/);
      await assert.rejects(client.readResource({ uri: 'file:///secret/a.txt' }), /no such resource/);
      assert.equal((await client.readResource({ uri: 'file:///public/a.txt' })).contents.length, 1);
      assert.deepEqual(service.ran, ['search']);
      const line = await gateway.line({ status: 403, operation: 'tools/call delete_all' });
      assert.equal(line['code'], 'forbidden');
      await gateway.line({ status: 200, operation: 'tools/call search' });
      const metrics = await gateway.metrics();
      assert.match(
        metrics,
        /turnpike_mcp_calls_total\{route="tools",method="tools\/call",name="search",result="passed"\} 1/,
      );
      assert.match(metrics, /method="tools\/call",name="delete_all",result="refused"\} 1/);
      assert.match(metrics, /method="prompts\/get",name="other",result="refused"\} 1/);
    });
  }

  test(`progress comes while the tool runs (${era})`, async (t) => {
    const { gateway } = await start(t);
    const { client } = await connect(t, gateway, era);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    await client.callTool({ name: 'report' }, { onprogress });
    assert.deepEqual(seen, [1, 2, 3]);
  });
}

for (const era of Object.keys(ERAS) as (keyof typeof ERAS)[]) {
  test(`what the server tells by itself comes while the client listens (${era})`, async (t) => {
    const { gateway, service } = await start(t);
    const { client } = await connect(t, gateway, era);
    let changes = 0;
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      changes += 1;
    });
    if (era === '2026-07-28') await client.listen({ toolsListChanged: true });
    // The stream of a session may open a moment after the session does: it is told again until it is heard.
    await until(
      () => {
        service.changeTools();
        return changes > 0;
      },
      { everyMs: 50, what: 'the message of the server' },
    );
  });
}

test('a resource that may not be read may not be listened to', async (t) => {
  const { gateway } = await start(t);
  const { client } = await connect(t, gateway, '2026-07-28');
  await assert.rejects(client.listen({ resourceSubscriptions: ['file:///secret/a.txt'] }), /no such resource|403/);
});

test('a session has its ID, its stream and its end; a stream that broke off is resumed, filtered as the answer was', async (t) => {
  const { gateway, service } = await start(t);
  const { client, transport } = await connect(t, gateway, '2025-11-25');
  const [id, session] = [...service.sessions][0] ?? [];
  assert.equal(transport.sessionId, id);
  await until(() => service.requests.some(({ method }) => method === 'GET'));
  // The server answered the list with an event that has an ID: the same again over a new stream.
  const version = { 'mcp-protocol-version': '2025-11-25' };
  const headers = { 'x-api-key': READER, 'mcp-session-id': id ?? '', accept: 'text/event-stream', ...version };
  const post = await fetch(`${gateway.url}/mcp`, {
    method: 'POST',
    headers: { ...headers, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'again', method: 'tools/list' }),
  });
  const answer = await post.text();
  const ids = [...answer.matchAll(/^id: (.*)$/gm)].map(([, one]) => one ?? '');
  assert.ok(answer.includes('search') && !answer.includes('delete_all'));
  const controller = new AbortController();
  const resumed = await fetch(`${gateway.url}/mcp`, {
    headers: { ...headers, 'last-event-id': ids[0] ?? '' },
    signal: controller.signal,
  });
  const reader = resumed.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('again')) text += (await reader?.read())?.value ?? assert.fail('the stream ended');
  assert.ok(text.includes('search') && !text.includes('delete_all'), text);
  controller.abort();
  assert.equal(service.requests.at(-1)?.headers.get('last-event-id'), ids[0]);
  await transport.terminateSession();
  assert.equal(service.sessions.size, 0);
  assert.ok(session !== undefined && client !== undefined);
});

test('where identity is optional, a tool that asks for something asks who calls', async (t) => {
  const auth = { any: ['api-key'], optional: true };
  const { gateway, service } = await start(
    t,
    { tools: { search: {}, add: { roles: ['reader'] } } },
    { route: { auth } },
  );
  const client = new Client({ name: 'trial', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`)));
  t.after(() => client.close());
  assert.deepEqual(
    (await client.listTools()).tools.map(({ name }) => name),
    ['search'],
  );
  await client.callTool({ name: 'search' });
  await assert.rejects(
    client.callTool({ name: 'add' }),
    (error: { data?: { status?: number } }) => error.data?.status === 401,
  );
  assert.deepEqual(service.ran, ['search']);
});

test('fields that are believed decide without a look at the body, for the version that checks them', async (t) => {
  const { gateway, service } = await start(t, { trustHeaders: true }, { route: { bodyLimit: '10mb' } });
  const { client } = await connect(t, gateway, '2026-07-28');
  await client.callTool({ name: 'search' });
  await assert.rejects(client.callTool({ name: 'delete_all' }), /roles admin/);
  assert.deepEqual(
    (await client.listTools()).tools.map(({ name }) => name),
    ['search', 'add', 'report'],
  );
  const older = await connect(t, gateway, '2025-11-25');
  await assert.rejects(older.client.callTool({ name: 'delete_all' }), /roles admin/);
  assert.deepEqual(service.ran, ['search']);
  assert.equal(service.requests.at(-1)?.headers.get('mcp-protocol-version'), '2025-11-25');
});
