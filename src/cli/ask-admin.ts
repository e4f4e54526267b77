import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Settings } from '../settings.ts';
import { AdminFault, AdminRefusal, NobodyThere, UsageError } from './cli-faults.ts';

/** A question to the admin port. */
export interface AdminQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in its place. */
  readonly text?: string;
  /** `http://host:port`, or `https:`; default: ADMIN_HOST and ADMIN_PORT of the settings. */
  readonly origin?: string | undefined;
  /** How long to wait; default: 30 s. */
  readonly withinMs?: number;
}

const WITHIN_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Asks the admin port of the gateway that runs, with ADMIN_TOKEN. Rejects with an `AdminFault`: `NobodyThere` where the
 * connection is refused, `AdminRefusal` with what the gateway says where it refuses.
 */
export function askAdmin(
  { adminHost, adminPort, adminToken }: Pick<Settings, 'adminHost' | 'adminPort' | 'adminToken'>,
  { method, path, body, text: raw, origin, withinMs = WITHIN_MS }: AdminQuestion,
): Promise<unknown> {
  const host = adminHost === '0.0.0.0' || adminHost === '::' ? 'localhost' : adminHost;
  const base = origin ?? `http://${host.includes(':') ? `[${host}]` : host}:${adminPort}`;
  const at = URL.parse(path, base);
  if (at === null || !/^https?:$/.test(at.protocol))
    return Promise.reject(new UsageError('--admin takes the address of an admin port, http://localhost:9901 for one'));
  const request = at.protocol === 'https:' ? requestHttps : requestHttp;
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const headers = {
      ...(adminToken !== undefined && { authorization: `Bearer ${adminToken}` }),
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const asking = request(at, { method, headers, signal: AbortSignal.timeout(withinMs) }, (answer) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > MAX_ANSWER_BYTES) answer.destroy(new AdminFault('the answer of the admin port is too long'));
        else pieces.push(piece);
      });
      answer.on('error', (error) => reject(new AdminFault(`${base}: ${error.message}`, { cause: error })));
      answer.on('end', () => {
        const asked = { base, hasToken: adminToken !== undefined };
        settle(answer.statusCode ?? 0, Buffer.concat(pieces).toString(), asked, resolve, reject);
      });
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      const isGone = error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND';
      reject(isGone ? new NobodyThere(`nobody answers at ${base}`) : new AdminFault(`${base}: ${error.message}`));
    });
    asking.end(text);
  });
}

interface Asked {
  readonly base: string;
  readonly hasToken: boolean;
}

function settle(
  status: number,
  text: string,
  { base, hasToken }: Asked,
  resolve: (value: unknown) => void,
  reject: (error: Error) => void,
): void {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    reject(new AdminFault(`${base} is no admin port: it answers ${status} with something that is no JSON`));
    return;
  }
  if (status < 300) resolve(said);
  else reject(refusalOf(status, said, text, base, hasToken));
}

function refusalOf(status: number, said: unknown, text: string, base: string, hasToken: boolean): AdminFault {
  const { detail = text, code, requestId } = (said ?? {}) as { detail?: string; code?: unknown; requestId?: unknown };
  // Problems of the main port alone have one.
  if (typeof requestId === 'string' && typeof code === 'string')
    return new AdminFault(
      `${base} is the main port of a gateway (it answers ${status} ${code}), and not its admin port: ADMIN_PORT there, 9901 where nothing is set`,
    );
  if (status !== 401) return new AdminRefusal(`${base} answers ${status}: ${detail}`, status, said);
  const why = hasToken
    ? 'the ADMIN_TOKEN of here is not the one of the gateway'
    : 'it wants a token: set ADMIN_TOKEN, in the environment or in .env, to the one of the gateway';
  return new AdminRefusal(`${base} answers 401: ${why}`, status, said);
}
