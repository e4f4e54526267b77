import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../lib/clock.ts';
import { echoWebSocket } from './web-socket-echo.ts';

/** What a stub pretends to be. */
export interface StubOptions {
  readonly name: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Share of the requests that are answered 500, 0 to 1. */
  readonly failRatio?: number;
  readonly delayMs?: number;
  /** What it answers instead of what it received; asked first. */
  readonly example?: (method: string, path: string) => StubExample | undefined;
  /** Whether `POST /stop` ends it, and paths such as `/stream` and `/order.xml` answer in ways of their own. Default true. */
  readonly hasTricks?: boolean;
}

/** An answer that somebody has described. */
export interface StubExample {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

export interface Stub {
  readonly port: number;
  /** Closes the socket at once, open connections too. */
  stop(): Promise<void>;
}

const STREAM_EVENTS = 5;
const STREAM_PAUSE_MS = 200;
const KEEP_ALIVE_SECONDS = 60;
/** What is told of a text that was sent. */
const MAX_SHOWN_CHARS = 2_000;

/** Starts a service that answers with what it received. Rejects when the port is taken. */
export async function startStub(options: StubOptions): Promise<Stub> {
  const webSockets = new Set<Duplex>();
  const isWebSocket = (req: IncomingMessage): boolean => req.headers.upgrade?.toLowerCase() === 'websocket';
  const server = http.createServer({ shouldUpgradeCallback: isWebSocket }, (req, res) => {
    answer(req, res, options, stop).catch((error: unknown) => res.destroy(error as Error));
  });
  server.on('upgrade', (req, socket) => {
    webSockets.add(socket);
    socket.on('close', () => webSockets.delete(socket));
    echoWebSocket(req, socket);
  });
  // The hint (`Keep-Alive: timeout=60`) tells the gateway how long it may keep a connection.
  server.keepAliveTimeout = KEEP_ALIVE_SECONDS * 1000;
  async function stop(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    for (const socket of webSockets) socket.destroy();
    await closed;
  }
  server.listen(options.port, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop };
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  options: StubOptions,
  stop: () => Promise<void>,
): Promise<void> {
  const { name, delayMs = 0, failRatio = 0, hasTricks = true } = options;
  const { pathname } = new URL(req.url ?? '/', 'http://stub');
  const body = await readBody(req);
  if (delayMs > 0) await wait(delayMs);
  if (hasTricks) return answerWithTricks(req, res, options, body, stop);
  const failed = pathname !== '/health' && Math.random() < failRatio;
  const example = failed ? undefined : options.example?.(req.method ?? 'GET', pathname);
  if (example === undefined) echo(req, res, name, body, failed ? 500 : statusOf(pathname, 0));
  else sendExample(res, example);
}

function sendExample(res: ServerResponse, { status, type, body }: StubExample): void {
  res.writeHead(status, type === undefined ? {} : { 'content-type': type });
  res.end(status === 204 || status === 304 ? undefined : body);
}

async function answerWithTricks(
  req: IncomingMessage,
  res: ServerResponse,
  { name, failRatio = 0 }: StubOptions,
  body: ReadBody,
  stop: () => Promise<void>,
): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://stub');
  if (url.pathname === '/stream') return stream(res, name);
  if (url.pathname === '/graphql') return answerGraphql(res, name);
  if (url.pathname === '/slow') await wait(Math.min(Number(url.searchParams.get('ms') ?? 1000) || 0, 600_000));
  if (url.pathname === '/stop' && req.method === 'POST') {
    res.end(`${name} has stopped\n`, () => void stop());
    return;
  }
  if (url.pathname.startsWith('/cached')) letBeStored(res);
  if (url.pathname === '/order.xml') return sendOrder(res);
  const more = url.pathname === '/links' ? { self: `http://${req.headers.host}/links` } : { body: body.text };
  echo(req, res, name, body, statusOf(url.pathname, failRatio), more);
}

/** Tells what was received. */
function echo(
  req: IncomingMessage,
  res: ServerResponse,
  service: string,
  { bodyBytes, text }: ReadBody,
  status: number,
  more: object = { body: text },
): void {
  const { method, url: path, headers, socket } = req;
  const told = { service, port: socket.localPort, method, path, headers, bodyBytes, ...more };
  res.statusCode = status;
  res.setHeader('content-type', 'application/json');
  const body = `${JSON.stringify(told, null, 2)}\n`;
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}

/** For a minute, and half a minute longer while it is asked for anew; the time shows when it was said. */
function letBeStored(res: ServerResponse): void {
  res.setHeader('cache-control', 'max-age=60, stale-while-revalidate=30');
  res.setHeader('cache-tag', 'samples, prices');
  res.setHeader('etag', '"v1"');
  res.setHeader('x-said-at', new Date(systemClock.now()).toISOString());
}

interface ReadBody {
  readonly bodyBytes: number;
  readonly text: string | undefined;
}

/** What was sent, and its text where it is one. */
async function readBody(req: IncomingMessage): Promise<ReadBody> {
  const isText = /json|xml|^text/.test(req.headers['content-type'] ?? '');
  let bodyBytes = 0;
  let text = '';
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bodyBytes += chunk.length;
    if (isText && text.length < MAX_SHOWN_CHARS) text += String(chunk);
  }
  return { bodyBytes, text: isText ? text.slice(0, MAX_SHOWN_CHARS) : undefined };
}

/** A document as older services send them: XML, in an encoding of its own. */
function sendOrder(res: ServerResponse): void {
  res.setHeader('content-type', 'application/xml');
  const items = '<items><item sku="a-1"><price>9.5</price></item></items>';
  res.end(
    Buffer.from(
      `<?xml version="1.0" encoding="ISO-8859-1"?>\n<order id="7"><customer>Zoë</customer>${items}</order>\n`,
      'latin1',
    ),
  );
}

/** The same to every query: it shows that one came through. */
function answerGraphql(res: ServerResponse, service: string): void {
  res.setHeader('content-type', 'application/graphql-response+json');
  res.end(`${JSON.stringify({ data: { __typename: 'Query', service } })}\n`);
}

function statusOf(path: string, failRatio: number): number {
  if (path === '/health') return 200;
  const asked = /^\/status\/([2-5]\d\d)$/.exec(path)?.[1];
  if (asked !== undefined) return Number(asked);
  return Math.random() < failRatio ? 500 : 200;
}

async function stream(res: ServerResponse, name: string): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (let id = 1; id <= STREAM_EVENTS && !res.destroyed; id++) {
    res.write(`id: ${id}\ndata: {"service":"${name}","event":${id}}\n\n`);
    await wait(STREAM_PAUSE_MS);
  }
  res.end();
}
