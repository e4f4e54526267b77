import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  readonly body: Buffer;
  /** The body parsed; throws when it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every shape
  readonly json: any;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
  /** The path as it should go out, where a URL would have tidied it. */
  readonly path?: string;
  readonly timeoutMs?: number;
}

/**
 * Asks and reads the whole answer. Sends the path and headers as they are given; rejects when the connection breaks
 * before the end of the answer.
 */
export function ask(url: string, options: AskOptions = {}): Promise<Answer> {
  const { hostname, port, pathname, search } = new URL(url);
  const { method = 'GET', headers = {}, body, agent, path = pathname + search, timeoutMs = 10_000 } = options;
  return new Promise((resolve, reject) => {
    const req = request(
      { hostname, port, path, method, headers: { ...headers } as OutgoingHttpHeaders, ...(agent && { agent }) },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () => {
          const whole = Buffer.concat(chunks);
          const text = whole.toString();
          const { statusCode: status = 0, headers: fields, rawHeaders } = res;
          resolve({
            status,
            headers: fields,
            rawHeaders,
            text,
            body: whole,
            get json() {
              return JSON.parse(text);
            },
          });
        });
      },
    );
    req.setTimeout(timeoutMs, () => req.destroy(new Error(`no answer from ${url} in ${timeoutMs} ms`)));
    req.on('error', reject);
    req.end(body);
  });
}

/** Sends bytes as they are over a connection of its own, and returns all that came back until it closed. */
export function askRaw(
  port: number,
  bytes: string | Buffer,
  { timeoutMs = 5_000, halfClose = false } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? reject(error) : resolve(received),
    );
    socket.on('close', () => resolve(received));
    if (halfClose) socket.end(bytes);
    else socket.write(bytes);
  });
}

/** The status of the first answer in raw bytes; 0 when there is none. */
export function statusOf(raw: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(raw)?.[1] ?? 0);
}
