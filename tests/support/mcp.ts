import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import {
  createMcpHandler,
  type EventStore,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A real MCP server of both eras of the protocol, with what it was called for. */
export interface TestMcp {
  readonly url: string;
  /** Names of the tools that ran, in order. */
  readonly ran: string[];
  readonly sessions: Map<string, WebStandardStreamableHTTPServerTransport>;
  /** Tells all who listen that the tools have changed, and one resource. */
  changeTools(): void;
  /** Requests that came, by method of HTTP and their fields. */
  readonly requests: { readonly method: string; readonly headers: Headers }[];
}

function createTools(ran: string[]): McpServer {
  const server = new McpServer({ name: 'stub', version: '1.0.0' });
  for (const name of ['search', 'add', 'delete_all', 'report']) {
    server.registerTool(
      name,
      { description: `Does ${name}`, inputSchema: z.object({ a: z.number().optional() }) },
      async (_input, context) => {
        ran.push(name);
        const progressToken = context.mcpReq._meta?.progressToken;
        if (name === 'report' && progressToken !== undefined) {
          for (const progress of [1, 2, 3])
            await context.mcpReq.notify({
              method: 'notifications/progress',
              params: { progressToken, progress, total: 3 },
            });
        }
        return { content: [{ type: 'text', text: `${name} ran` }] };
      },
    );
  }
  for (const name of ['greet', 'scold'])
    server.registerPrompt(name, { description: name }, () => ({
      messages: [{ role: 'user', content: { type: 'text', text: name } }],
    }));
  for (const place of ['public', 'secret'])
    server.registerResource(place, `file:///${place}/a.txt`, {}, (uri) => ({
      contents: [{ uri: uri.href, text: place }],
    }));
  return server;
}

/** Keeps the events of all streams, so that one that broke off can be resumed. */
class MemoryEvents implements EventStore {
  readonly #events: { id: string; streamId: string; message: unknown }[] = [];

  async storeEvent(streamId: string, message: unknown): Promise<string> {
    const id = `${this.#events.length}`;
    this.#events.push({ id, streamId, message });
    return id;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: never) => Promise<void> },
  ): Promise<string> {
    const at = this.#events.findIndex(({ id }) => id === lastEventId);
    const streamId = this.#events[at]?.streamId ?? '';
    for (const event of this.#events.slice(at + 1)) {
      if (event.streamId === streamId) await send(event.id, event.message as never);
    }
    return streamId;
  }
}

/** Starts the server on a port of its own; `json` answers with JSON where it may, else with events. */
export async function startMcp(t: Pick<TestContext, 'after'>, { json = false } = {}): Promise<TestMcp> {
  const ran: string[] = [];
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const servers: McpServer[] = [];
  const requests: { method: string; headers: Headers }[] = [];
  const modern = createMcpHandler(() => createTools(ran), { legacy: 'reject', responseMode: json ? 'json' : 'sse' });

  const legacy = async (request: Request): Promise<Response> => {
    let transport = sessions.get(request.headers.get('mcp-session-id') ?? '');
    if (transport === undefined) {
      const made = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: json,
        eventStore: new MemoryEvents(),
        onsessioninitialized: (id) => void sessions.set(id, made),
        onsessionclosed: (id) => void sessions.delete(id),
      });
      transport = made;
      const server = createTools(ran);
      servers.push(server);
      await server.connect(transport);
    }
    return transport.handleRequest(request);
  };

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const request = requestOf(req);
    requests.push({ method: request.method, headers: request.headers });
    const response = (await isLegacyRequest(request)) ? await legacy(request) : await modern.fetch(request);
    res.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null) res.end();
    else
      Readable.fromWeb(response.body as never)
        .on('error', () => res.destroy())
        .pipe(res);
  };

  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    await modern.close();
    for (const transport of sessions.values()) await transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ran,
    sessions,
    changeTools() {
      modern.notify.toolsChanged();
      for (const one of servers) one.sendToolListChanged();
    },
    requests,
  };
}

function requestOf(req: IncomingMessage): Request {
  const { method = 'GET', url = '/' } = req;
  const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
  const body = method === 'POST' ? (Readable.toWeb(req) as never) : null;
  return new Request(`http://127.0.0.1${url}`, { method, headers, body, duplex: 'half' } as RequestInit);
}
