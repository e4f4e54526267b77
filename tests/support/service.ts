import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

type Cleanup = Pick<TestContext, 'after'>;

/** What a service received. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** Whole once the answer has been asked for. */
  readonly body: Buffer;
}

export interface StubService {
  readonly url: string;
  readonly port: number;
  /** Every request so far, in order; of a request whose body is still coming there is no entry yet. */
  readonly requests: readonly SeenRequest[];
  /** Connections that were ever opened to it. */
  readonly connections: number;
  /** Ends every connection and the port, as a crash would; `port` can be listened on again. */
  stop(): Promise<void>;
}

export type StubHandler = (req: IncomingMessage, res: ServerResponse, seen: SeenRequest) => void;

export interface StubOptions {
  /** 0 picks a free one. */
  readonly port?: number;
  /** Answers as soon as the head is there; `seen.body` is empty then. */
  readonly early?: boolean;
}

/** Echoes what it received as JSON: `method`, `path`, `headers`, `bodyBytes`. */
export const echo: StubHandler = (_req, res, { method, path, headers, body }) => {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ method, path, headers, bodyBytes: body.length }));
};

/** A service that does what the test says, on a port of its own, gone after the test. */
export async function startService(
  t: Cleanup,
  handler: StubHandler = echo,
  options: StubOptions = {},
): Promise<StubService> {
  const requests: SeenRequest[] = [];
  let connections = 0;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    const see = (): SeenRequest => {
      const { method = '', url: path = '', headers, rawHeaders } = req;
      const seen = { method, path, headers, rawHeaders, body: Buffer.concat(chunks) };
      requests.push(seen);
      return seen;
    };
    if (options.early === true) {
      handler(req, res, see());
      return;
    }
    req.on('error', () => res.destroy());
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => handler(req, res, see()));
  });
  server.on('connection', () => {
    connections += 1;
  });
  const port = await listenOn(server, options.port ?? 0);
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  t.after(stop);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    get connections() {
      return connections;
    },
    stop,
  };
}

export interface LyingService {
  readonly url: string;
  readonly port: number;
  /** What came over each connection, in order of connecting. */
  readonly received: readonly string[];
  stop(): Promise<void>;
}

/** Bytes to write when the head of a request has come, or whatever else to do with the connection. */
export type Lie = string | Buffer | ((socket: Socket, request: string) => void);

/**
 * A service that speaks raw bytes: for everything that node:http would refuse to say.
 * A list is told one connection after the other, its last entry again and again.
 */
export async function startLyingService(t: Cleanup, lies: Lie | readonly Lie[]): Promise<LyingService> {
  const list = Array.isArray(lies) ? (lies as readonly Lie[]) : [lies as Lie];
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    const index = received.push('') - 1;
    const lie = list[Math.min(index, list.length - 1)] as Lie;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      const before = received[index] as string;
      const now = before + chunk.toString('latin1');
      received[index] = now;
      // Once per head, however its bytes are cut.
      if (headsIn(now) === headsIn(before)) return;
      if (typeof lie === 'function') lie(socket, now);
      else socket.write(lie);
    });
  });
  const port = await listenOn(server, 0);
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.after(stop);
  return { url: `http://127.0.0.1:${port}`, port, received, stop };
}

function headsIn(text: string): number {
  return text.split('\r\n\r\n').length;
}

/** Starts to listen on 127.0.0.1; resolves to the port. */
export function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

let lastClosedPort = 1;

/** A port that refuses connections, and goes on to: it is below those that a system hands out to whoever asks for one. */
export async function closedPort(): Promise<number> {
  for (;;) {
    lastClosedPort += 1;
    const socket = connect({ host: '127.0.0.1', port: lastClosedPort });
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (!isOpen) return lastClosedPort;
  }
}

/** Refuses every connection: a port that was free a moment ago may be another test's by now, and this one is given to nobody. */
export const NOWHERE = 'http://127.0.0.1:1';

/** A port for a server that is about to start: it was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listenOn(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
