import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type ClientOptions, type RawData, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { listenOn } from './service.ts';

type Cleanup = Pick<TestContext, 'after'>;

export interface SocketService {
  readonly url: string;
  readonly port: number;
  /** The handshakes that came, in order; refused ones too. */
  readonly requests: readonly IncomingMessage[];
  /** WebSockets that are open now. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** The close codes that it was told, in order. */
  readonly closeCodes: readonly number[];
  /** Ends every connection and the port at once, as a crash would. */
  stop(): Promise<void>;
}

export interface SocketServiceOptions extends ServerOptions {
  /** What to do with each WebSocket; by default every message is sent back. */
  readonly onOpen?: (socket: WebSocket, req: IncomingMessage) => void;
  /** Bytes to answer a handshake with instead of taking it. */
  readonly refuseWith?: () => string | undefined;
}

/** A service that speaks WebSocket by the `ws` package, and answers plain requests with 200 and what it saw. */
export async function startSocketService(t: Cleanup, options: SocketServiceOptions = {}): Promise<SocketService> {
  const { onOpen = sendBack, refuseWith = () => undefined, ...rest } = options;
  const requests: IncomingMessage[] = [];
  const closeCodes: number[] = [];
  const connections = new Set<Socket>();
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024, ...rest });
  const server = createServer((req, res) => {
    res.end(JSON.stringify({ path: req.url, headers: req.headers }));
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  server.on('upgrade', (req, socket, head) => {
    requests.push(req);
    const refusal = refuseWith();
    if (refusal !== undefined) {
      socket.end(refusal);
      return;
    }
    webSockets.handleUpgrade(req, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate());
      webSocket.on('close', (code) => closeCodes.push(code));
      onOpen(webSocket, req);
    });
  });
  const port = await listenOn(server, 0);
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of connections) socket.destroy();
    await closed;
  };
  t.after(stop);
  return { url: `http://127.0.0.1:${port}`, port, requests, sockets: webSockets.clients, closeCodes, stop };
}

function sendBack(socket: WebSocket): void {
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
}

export interface OpenOptions extends ClientOptions {
  readonly protocols?: string[];
}

/** Opens a WebSocket, gone after the test; rejects when the handshake is refused. */
export async function openSocket(t: Cleanup, url: string, options: OpenOptions = {}): Promise<WebSocket> {
  const { protocols = [], ...rest } = options;
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { maxPayload: 64 * 1024 * 1024, ...rest });
  t.after(() => socket.terminate());
  const failed = once(socket, 'unexpected-response').then(([, res]) => {
    throw new Error(`refused with ${(res as IncomingMessage).statusCode}`);
  });
  await Promise.race([once(socket, 'open'), failed]);
  failed.catch(() => undefined);
  socket.on('error', () => socket.terminate());
  return socket;
}

export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Asks for a WebSocket that is refused; rejects when it is granted. */
export function askSocket(t: Cleanup, url: string, options: ClientOptions = {}): Promise<Refusal> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), options);
  t.after(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => reject(new Error('the handshake was granted')));
    socket.on('unexpected-response', (_req, res) => {
      let text = '';
      res.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
    });
  });
}

/** The next message, and whether it is binary. */
export async function nextMessage(socket: WebSocket): Promise<{ readonly bytes: Buffer; readonly isBinary: boolean }> {
  const [message, isBinary] = (await once(socket, 'message')) as [RawData, boolean];
  return { bytes: message as Buffer, isBinary };
}

/** Waits for the end of a WebSocket: the code and reason that its end was told. */
export async function closeOf(socket: WebSocket): Promise<{ readonly code: number; readonly reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString() };
}

/** The bytes of a handshake, for clients that are no `ws`. */
export function handshakeBytes(path: string, fields: readonly string[] = []): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: gateway.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...fields,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
