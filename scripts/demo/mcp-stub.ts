import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Stub, StubOptions } from '../../src/dev/stub-service.ts';

const STEPS = 3;
const STEP_MS = 100;

/** A shop as an agent sees it: three tools, a prompt and two resources. */
function createShop(): McpServer {
  const server = new McpServer({ name: 'shop', version: '1.0.0' });
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  server.registerTool(
    'search',
    { description: 'Finds products', inputSchema: z.object({ query: z.string() }) },
    ({ query }) => said(`Three products match "${query}".`),
  );
  server.registerTool('report', { description: 'Sums up a month, in steps' }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (let progress = 1; progress <= STEPS; progress++) {
      await wait(STEP_MS);
      if (progressToken === undefined) continue;
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: STEPS } });
    }
    return said('A good month.');
  });
  server.registerTool(
    'refund',
    { description: 'Pays an order back', inputSchema: z.object({ order: z.string() }) },
    ({ order }) => said(`Order ${order} is paid back.`),
  );
  server.registerPrompt('greet', { description: 'Greets a customer' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'Greet the customer.' } }],
  }));
  for (const place of ['public', 'internal'])
    server.registerResource(place, `shop:///${place}/terms.txt`, {}, ({ href: uri }) => ({
      contents: [{ uri, text: `The ${place} terms.` }],
    }));
  return server;
}

/** Starts an MCP server of every version of the protocol, without sessions. Rejects when the port is taken. */
export async function startMcpStub({ port, host = '127.0.0.1' }: Omit<StubOptions, 'name'>): Promise<Stub> {
  const handler = createMcpHandler(createShop);
  const server = createServer((req, res) => {
    handler
      .fetch(requestOf(req))
      .then((response) => send(response, res))
      .catch(() => res.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      await handler.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function requestOf(req: IncomingMessage): Request {
  const { method = 'GET', url = '/' } = req;
  const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
  const body = method === 'POST' ? Readable.toWeb(req) : null;
  return new Request(`http://localhost${url}`, { method, headers, body, duplex: 'half' } as RequestInit);
}

function send({ status, headers, body }: Response, res: ServerResponse): void {
  res.writeHead(status, Object.fromEntries(headers));
  if (body === null) res.end();
  else
    Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
      .on('error', () => res.destroy())
      .pipe(res);
}
