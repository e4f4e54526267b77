import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { until } from '../../../tests/support/until.ts';
import { listen, startBalancedRecipe, startRecipe } from '../recipe.mjs';

const JWT_SECRET = 'x'.repeat(48);
const token = jwt.sign({ sub: 'ann' }, JWT_SECRET, { expiresIn: '5m' });

function createServer() {
  const server = new McpServer({ name: 'stub', version: '1.0.0' });
  server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
    content: [{ type: 'text', text: String(a + b) }],
  }));
  return server;
}

async function startTarget(t, sessions) {
  return listen(t, async (req, res) => {
    let session = sessions.get(req.headers['mcp-session-id']);
    if (session === undefined) {
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => sessions.set(id, session),
        onsessionclosed: (id) => sessions.delete(id),
      });
      session = { transport, server: createServer() };
      await session.server.connect(transport);
    }
    await session.transport.handleRequest(req, res);
  });
}

async function setUp(t) {
  const sessions = new Map();
  const target = await startTarget(t, sessions);
  const gateway = await startRecipe(t, 'MCP servers', { 'http://localhost:4001': target }, { env: { JWT_SECRET } });
  return { gateway, sessions };
}

const connect = (url, headers) => new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });

test('MCP: a session, a tool, a message of the server over the open stream, and the end', async (t) => {
  const { gateway, sessions } = await setUp(t);
  const client = new Client({ name: 'trial', version: '1.0.0' });
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes += 1;
  });
  const transport = connect(`${gateway.url}/mcp`, { authorization: `Bearer ${token}` });
  await client.connect(transport);
  const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
  assert.deepEqual(answer.content, [{ type: 'text', text: '5' }]);
  const [session] = sessions.values();
  // The stream may open a moment after the session does: it is told again until it is heard.
  await until(
    () => {
      session.server.sendToolListChanged();
      return changes > 0;
    },
    { everyMs: 50, what: 'the message of the server' },
  );
  await transport.terminateSession();
  assert.equal(sessions.size, 0);
  await client.close();
});

test('MCP: without a token nobody gets in', async (t) => {
  const { gateway, sessions } = await setUp(t);
  const client = new Client({ name: 'trial', version: '1.0.0' });
  await assert.rejects(client.connect(connect(`${gateway.url}/mcp`, {})), /401|[Uu]nauthor/);
  assert.equal(sessions.size, 0);
});

test('MCP: two targets, and each caller stays on one', async (t) => {
  const targets = [await startTarget(t, new Map()), await startTarget(t, new Map())];
  const gateway = await startBalancedRecipe(t, 'MCP servers', targets, 'hash', { env: { JWT_SECRET } });
  for (const sub of ['ann', 'bob', 'eve', 'joe']) {
    const client = new Client({ name: 'trial', version: '1.0.0' });
    const own = jwt.sign({ sub }, JWT_SECRET, { expiresIn: '5m' });
    await client.connect(connect(`${gateway.url}/mcp`, { authorization: `Bearer ${own}` }));
    for (let a = 0; a < 5; a++) {
      const { content } = await client.callTool({ name: 'add', arguments: { a, b: 1 } });
      assert.equal(content[0].text, String(a + 1));
    }
    await client.close();
  }
});
