import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ClientCredentialsProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import jwt from 'jsonwebtoken';
import { SECRET } from '../support/auth.ts';
import { startGateway } from '../support/gateway.ts';
import { startMcp } from '../support/mcp.ts';
import { startService } from '../support/service.ts';

test('the client of MCP finds who gives tokens by a 401, and asks for another scope by a 403', async (t) => {
  const asked: string[] = [];
  const server = await startService(t, (req, res, { body }) => {
    const issuer = `http://${req.headers.host}`;
    res.setHeader('content-type', 'application/json');
    if (req.url === '/token') {
      const scope = new URLSearchParams(body.toString()).get('scope') ?? '';
      asked.push(scope);
      const token = jwt.sign({ iss: issuer, aud: 'api', sub: 'ann', scope }, SECRET, { expiresIn: '5m' });
      res.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 300, scope }));
    } else if (req.url?.startsWith('/.well-known/oauth-authorization-server')) {
      res.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          response_types_supported: ['code'],
          grant_types_supported: ['client_credentials'],
          token_endpoint_auth_methods_supported: ['client_secret_basic'],
        }),
      );
    } else res.writeHead(404).end();
  });
  const mcp = await startMcp(t);
  const tools = { search: {}, delete_all: { scopes: ['tools:write'] } };
  const route = {
    prefix: '/mcp',
    target: mcp.url,
    stripPrefix: false,
    auth: 'jwt',
    resourceMetadata: true,
    mcp: { tools },
  };
  const issuers = [{ issuer: server.url, audience: 'api', secret: SECRET }];
  const gateway = await startGateway(t, { file: { issuers, routes: [route] } });

  const client = new Client({ name: 'trial', version: '1.0.0' });
  const authProvider = new ClientCredentialsProvider({
    clientId: 'bot',
    clientSecret: 'a secret of the bot',
    expectedIssuer: server.url,
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`), { authProvider }));
  t.after(() => client.close());
  assert.deepEqual(
    (await client.listTools()).tools.map(({ name }) => name),
    ['search'],
  );
  await client.callTool({ name: 'search' });
  // Refused for its scope, the client gets another token, and calls again.
  await client.callTool({ name: 'delete_all' });
  assert.deepEqual(asked, ['', 'tools:write']);
  assert.deepEqual(mcp.ran, ['search', 'delete_all']);
});
