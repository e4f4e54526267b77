import http from 'node:http';
import https from 'node:https';

/** One answer of Consul's HTTP API. */
export interface ConsulAnswer {
  /** `X-Consul-Index`; 0 when it is missing or makes no sense. */
  readonly index: number;
  readonly body: unknown;
}

/** A whole answer larger than this is no list of instances. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * One GET of Consul's HTTP API. Rejects on any status but 200, on what is not JSON, on too much of it, at the
 * deadline (Consul may accept a query and never answer it), and when the signal aborts.
 */
export function queryConsul(
  url: URL,
  token: string | undefined,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<ConsulAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ConsulAnswer>();
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    agent: false,
    signal,
    headers: token === undefined ? {} : { 'x-consul-token': token },
  });
  // Waiting for Consul keeps no process alive.
  request.on('socket', (socket) => socket.unref());
  request.on('error', reject);
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('error', reject);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`));
      else chunks.push(chunk);
    });
    response.on('end', () => {
      if (response.statusCode !== 200) {
        reject(new Error(`status ${response.statusCode}`));
        return;
      }
      try {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        resolve({ index: readIndex(response.headers['x-consul-index']), body });
      } catch (error) {
        reject(new Error('an answer that is not JSON', { cause: error }));
      }
    });
    response.on('close', () => reject(new Error('an answer that breaks off')));
  });
  const timer = setTimeout(() => request.destroy(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs).unref();
  request.end();
  return promise.finally(() => clearTimeout(timer));
}

function readIndex(header: string | string[] | undefined): number {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}
