import http from 'node:http';
import https from 'node:https';

/** One answer of Consul's HTTP API. */
export interface ConsulAnswer {
  /** `X-Consul-Index`; 0 when it is missing or makes no sense. */
  readonly index: number;
  readonly body: unknown;
}

/** A connection to Consul that is kept between queries. */
export interface ConsulConnection {
  /** True while the connection of the last answer stands: the next query reaches the very same Consul. */
  readonly isOpen: boolean;
  /**
   * One GET. Rejects on any status but 200, on what is not JSON, on too much of it, at the deadline (Consul may accept
   * a query and never answer it), and when the signal aborts.
   */
  query(url: URL, deadlineMs: number, signal: AbortSignal): Promise<ConsulAnswer>;
  close(): void;
}

/** A whole answer larger than this is no list of instances. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** @param token sent as `X-Consul-Token`, if any. */
export function createConsulConnection(scheme: string, token: string | undefined): ConsulConnection {
  const { Agent, request: send } = scheme === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = token === undefined ? {} : { 'x-consul-token': token };
  return {
    get isOpen() {
      return Object.values(agent.freeSockets).some((sockets) => sockets?.some((socket) => !socket.destroyed));
    },
    query(url, deadlineMs, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<ConsulAnswer>();
      const request = send(url, { agent, signal, headers });
      // Waiting for Consul keeps no process alive.
      request.on('socket', (socket) => socket.unref());
      request.on('error', reject);
      request.on('response', (response) => void readAnswer(response).then(resolve, reject));
      const giveUp = (): void => void request.destroy(new Error(`no answer within ${deadlineMs} ms`));
      const timer = setTimeout(giveUp, deadlineMs).unref();
      request.end();
      return promise.finally(() => clearTimeout(timer));
    },
    close: () => agent.destroy(),
  };
}

async function readAnswer(response: http.IncomingMessage): Promise<ConsulAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early, by the throw, ends the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  return { index: readIndex(response.headers['x-consul-index']), body: parseBody(Buffer.concat(chunks)) };
}

function parseBody(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new Error('an answer that is not JSON', { cause: error });
  }
}

function readIndex(header: string | string[] | undefined): number {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}
