import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import jwt from 'jsonwebtoken';
import { type Answer, ask } from '../http.ts';
import { closedPort, type SeenRequest, type StubService, startService } from '../service.ts';
import { nextMessage, openSocket, startSocketService } from '../websocket.ts';

/** What is asked of both: a name in `as` stands for a credential. */
export interface RecordedRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly as?: keyof typeof CREDENTIALS;
  /** What is sent over a WebSocket at this path. */
  readonly message?: string;
}

/** What came of it. */
export interface Told {
  readonly status: number;
  /** Fields of the answer, of those that the section looks at. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the service saw; nothing where none was asked. */
  readonly seen?: Readonly<Record<string, unknown>>;
}

export interface Recorded {
  readonly request: RecordedRequest;
  readonly theirs: Told;
  /** What ours tells where it differs on purpose; the page says why. */
  readonly ours?: Told;
}

export interface Recording {
  /** Which version said so. */
  readonly by: string;
  readonly sections: Readonly<Record<string, { readonly fields: readonly string[]; readonly calls: Recorded[] }>>;
}

export const recordingFile = (name: string): string => path.join(import.meta.dirname, `${name}.json`);

export const readRecording = (name: string): Recording => JSON.parse(readFileSync(recordingFile(name), 'utf8'));

const TOKEN_SECRET = 'a secret that both gateways know, of 48 characters';
const FAR_AWAY = Date.UTC(2100, 0, 1) / 1000;
const sign = (claims: object): Record<string, string> => ({
  authorization: `Bearer ${jwt.sign({ sub: 'ann', iss: 'login', aud: 'shop', exp: FAR_AWAY, ...claims }, TOKEN_SECRET)}`,
});

/** Who calls. The consumer `shop` has a key, and so has `others`, without the scope. */
const CREDENTIALS = {
  shop: { 'x-api-key': 'shop-key:s3cr3t-of-the-shop' },
  others: { 'x-api-key': 'others-key:s3cr3t-of-the-others' },
  guessing: { 'x-api-key': 'shop-key:guessed' },
  ann: sign({}),
  'ann, yesterday': sign({ exp: 1_700_000_000 }),
  'ann, elsewhere': sign({ aud: 'elsewhere' }),
} as const;

/** Where nobody listens. */
const CLOSED = 4009;
/** Where WebSockets are sent back what they have sent, with the path of their handshake. */
const SOCKETS = 4004;

/** Services on the ports that the pages name: each tells what it saw, and `count`s what it was asked. */
export async function startServices(t: Pick<TestContext, 'after'>): Promise<Readonly<Record<number, number>>> {
  const named = [4001, 4002, 4003];
  let count = 0;
  const started = await Promise.all(
    named.map(
      (name): Promise<StubService> =>
        startService(t, (_req, res, seen) => {
          count += 1;
          if (seen.path.startsWith('/numbers')) {
            if (seen.method === 'GET') res.setHeader('x-cache-timeout', '1 hour');
            else res.setHeader('x-cache-expire', '*/numbers*');
          }
          res.setHeader('x-build', '17');
          res.setHeader('content-type', 'application/json');
          res.statusCode = Number(/\/status\/(\d{3})/.exec(seen.path)?.[1] ?? 200);
          const answer = JSON.stringify(described(name, count, seen));
          if (seen.path.includes('/slow')) setTimeout(() => res.end(answer), 2500).unref();
          else res.end(answer);
        }),
    ),
  );
  const ports = named.map((name, at) => [name, started[at]?.port ?? 0] as const);
  const sockets = await startSocketService(t, {
    onOpen: (socket, { url }) => socket.on('message', (data) => socket.send(`${url} ${data}`)),
  });
  return Object.fromEntries([...ports, [SOCKETS, sockets.port], [CLOSED, await closedPort()]]);
}

function described(service: number, count: number, { method, path: url, headers, body }: SeenRequest): object {
  return { service, count, method, path: url, headers, body: body.toString() };
}

/** Asks as the recording says, and tells what is looked at. */
export async function callAndTell(url: string, request: RecordedRequest, fields: readonly string[]): Promise<Told> {
  const { method = 'GET', path: at, headers = {}, body, as, message } = request;
  if (message !== undefined) return sayAndTell(url.replace('http', 'ws') + at, message);
  const proof = as === undefined ? {} : CREDENTIALS[as];
  const answer = await ask(url, {
    method,
    path: at,
    headers: { ...headers, ...proof },
    ...(body === undefined ? {} : { body }),
  });
  const seen = seenIn(answer, fields);
  return { status: answer.status, headers: picked(answer.headers, fields), ...(seen && { seen }) };
}

async function sayAndTell(url: string, message: string): Promise<Told> {
  const cleanups: (() => unknown)[] = [];
  const socket = await openSocket({ after: (cleanup) => void cleanups.push(cleanup as () => unknown) }, url);
  socket.send(message);
  const [path = '', ...words] = String((await nextMessage(socket)).bytes).split(' ');
  for (const cleanup of cleanups) await cleanup();
  return { status: 101, headers: {}, seen: { service: SOCKETS, path: path.replace(/\?$/, ''), body: words.join(' ') } };
}

const picked = (of: Readonly<Record<string, unknown>>, fields: readonly string[]) =>
  Object.fromEntries(fields.filter((name) => of[name] !== undefined).map((name) => [name, String(of[name])]));

function seenIn({ text }: Answer, fields: readonly string[]): Told['seen'] {
  if (!text.startsWith('{"service"')) return undefined;
  const { service, count, method, path: at, headers, body } = JSON.parse(text);
  return {
    service,
    // fast-gateway leaves a "?" behind, which means nothing.
    path: String(at).replace(/\?$/, ''),
    method,
    headers: picked(headers, fields),
    ...(body !== '' && { body }),
    ...(fields.includes('count') && { count }),
  };
}
