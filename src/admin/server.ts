import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { STRICT_HEADERS } from '../answer/head.ts';
import type { Hide } from '../lib/hidden-values.ts';
import { type AdminAnswer, type AdminSource, refusal } from './answer.ts';
import { createAdminGuard } from './guard.ts';
import { createAdminPages } from './pages.ts';

const SECOND_MS = 1000;

/** The second port, for operators: metrics, state, reload. Not listening yet. */
export function createAdminServer(source: AdminSource): Server {
  return createServer(
    { headersTimeout: 10 * SECOND_MS, requestTimeout: 30 * SECOND_MS, keepAliveTimeout: 65 * SECOND_MS },
    createAdminHandler(source),
  );
}

/** What answers there. */
export function createAdminHandler(source: AdminSource): (req: IncomingMessage, res: ServerResponse) => void {
  const guard = createAdminGuard(source.deps.settings);
  const pages = createAdminPages(source);
  const { hide } = source.deps.hidden;

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      send(req, res, guard(req) ?? (await pages(req)), hide);
    } catch (error) {
      // Whoever left in the middle of a body is no failure of ours.
      if (error === req.errored) return;
      source.deps.log.error('the admin port failed', { error });
      send(req, res, refusal('internal'), hide);
    }
  }

  return (req, res) => void handle(req, res);
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status, body, type, headers = [] }: AdminAnswer,
  hide: Hide,
): void {
  if (res.destroyed) return;
  const text = typeof body === 'string' ? body : `${JSON.stringify(body, hideIn(hide), 2)}\n`;
  const head = ['content-type', type ?? 'application/json'];
  // That of a 304 would be the length of what is not sent (RFC 9110, section 8.6).
  if (status !== 304) head.push('content-length', String(Buffer.byteLength(text)));
  // What of a body was not read, and is still on its way, ends with the connection.
  if (!req.complete && req.method !== 'GET' && req.method !== 'HEAD') head.push('connection', 'close');
  res.writeHead(status, [...head, ...withoutThose(headers), ...headers]);
  res.end(req.method === 'HEAD' ? undefined : text);
}

const ALWAYS = ['cache-control', 'no-store', ...STRICT_HEADERS];

/** The fields of every answer, but for those that this one says otherwise: of two policies a browser obeys both. */
function withoutThose(headers: readonly string[]): readonly string[] {
  if (headers.length === 0) return ALWAYS;
  const said = new Set(headers.filter((_, index) => index % 2 === 0));
  return ALWAYS.filter((_, index) => !said.has((ALWAYS[index - (index % 2)] as string).toLowerCase()));
}

/** For JSON.stringify: no text of an answer holds a secret of the routes file. */
function hideIn(hide: Hide): (key: string, value: unknown) => unknown {
  return (_key, value) => (typeof value === 'string' ? hide(value) : value);
}
