import type { ServerResponse } from 'node:http';
import helmet from 'helmet';
import type { RequestContext } from '../context.ts';
import { connectionNames } from '../lib/connection-names.ts';
import { guardTail } from './guard-tail.ts';
import { recordHeaders } from './header-recorder.ts';

/**
 * The one writer of response heads, for proxied, cached and own answers alike.
 *
 * Everything goes to `writeHead` as one flat array: Node then writes it as it is, where `setHeader` would keep a
 * second copy of every field. Values of fixed fields were computed when the snapshot was compiled.
 */
export type ServiceHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Fields of one hop (RFC 9110, section 7.6.1), those that tell what a service is made of, and those that are ours. */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-powered-by',
  'server',
  // The gateway's own stand on every answer: two of them would be read as one strange value.
  'x-request-id',
  'x-correlation-id',
]);

/**
 * Writes the head of a service's answer, cleaned, with the gateway's own fields added.
 * Throws what `writeHead` throws when the service sent a value that HTTP does not allow.
 */
export function writeServiceHead(
  context: RequestContext,
  status: number,
  headers: ServiceHeaders,
  drop?: ReadonlySet<string>,
): void {
  const flat: string[] = [];
  const vary = addServiceFields(context, flat, headers, drop);
  addMissing(flat, headers, context.securityHeaders);
  addOwnFields(context, flat, vary);
  writeHead(context.res, status, flat);
  if (headers['content-length'] === undefined) setImmediate(flushHead, context.res);
}

/** Node keeps a head until the first byte of the body, and the reader of a stream waits for it. */
function flushHead(res: ServerResponse): void {
  if (!res.destroyed && !res.writableEnded) res.flushHeaders();
}

/** Adds the service's own fields that may pass; answers `Vary`, which is written last and once. */
function addServiceFields(context: RequestContext, flat: string[], headers: ServiceHeaders, drop: Names): string {
  const named = connectionNames(headers['connection']);
  let vary = context.corsVary;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isDropped(name, context, named, drop)) continue;
    if (name === 'vary') vary = mergeVary(value, vary);
    else if (typeof value === 'string') flat.push(name, value);
    else for (const one of value) flat.push(name, one);
  }
  return vary;
}

/** helmet's fields, where the service has not set its own. */
function addMissing(flat: string[], headers: ServiceHeaders, fields: readonly string[]): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (headers[name] === undefined) flat.push(name, fields[i + 1] as string);
  }
}

type Names = ReadonlySet<string> | undefined;

function isDropped(name: string, context: RequestContext, named: Names, drop: Names): boolean {
  if (DROPPED.has(name) || name.startsWith('x-internal-')) return true;
  if (context.ownsCors && name.startsWith('access-control-')) return true;
  if (context.extraHeaders !== undefined && name.startsWith('x-ratelimit-')) return true;
  return named?.has(name) === true || drop?.has(name) === true;
}

/** helmet on the gateway's own answers: nothing in them is to be run, framed or embedded. */
export const STRICT_HEADERS: readonly string[] = recordHeaders(
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
  }),
);
const STRICT_HEADERS_TLS: readonly string[] = [
  ...STRICT_HEADERS,
  ...recordHeaders(helmet.strictTransportSecurity() as Parameters<typeof recordHeaders>[0]),
];

/** Writes the head of an answer that the gateway makes itself; `flat` holds names and values by turns. */
export function writeOwnHead(context: RequestContext, status: number, flat: string[]): void {
  const strict = context.scheme === 'https' ? STRICT_HEADERS_TLS : STRICT_HEADERS;
  const given = flat.length;
  for (let i = 0; i < strict.length; i += 2) {
    const name = strict[i] as string;
    const at = flat.indexOf(name);
    if (at === -1 || at >= given) flat.push(name, strict[i + 1] as string);
  }
  addOwnFields(context, flat, context.corsVary);
  writeHead(context.res, status, flat);
}

/** A 204 has no length, whoever named one (RFC 9110, section 8.6). */
function writeHead(res: ServerResponse, status: number, flat: string[]): void {
  for (let i = flat.length - 2; status === 204 && i >= 0; i -= 2) {
    if (flat[i]?.toLowerCase() === 'content-length') flat.splice(i, 2);
  }
  res.writeHead(status, flat);
}

/** The event by which whoever takes a connection over tells the maker of the response. */
export const TAKEN_OVER = 'turnpike:taken-over';

/**
 * Takes the connection of an upgrade over from its response, and answers the head of a 101 with the service's fields
 * of the handshake and the gateway's own. From here on the response only stands for the request's end.
 */
export function takeOver(context: RequestContext, headers: ServiceHeaders): string {
  const { res } = context;
  res.emit(TAKEN_OVER);
  res.statusCode = 101;
  if (res.socket !== null) res.detachSocket(res.socket);
  const flat: string[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isDropped(name, context, undefined, undefined)) continue;
    for (const one of [value].flat()) flat.push(name, one);
  }
  addOwnFields(context, flat, '');
  let head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  for (let i = 0; i < flat.length; i += 2) head += `${flat[i]}: ${flat[i + 1]}\r\n`;
  return `${head}\r\n`;
}

function addOwnFields(context: RequestContext, flat: string[], vary: string): void {
  if (vary !== '') flat.push('vary', vary);
  if (context.requestId !== '') flat.push('x-request-id', context.requestId, 'x-correlation-id', context.correlationId);
  const { corsHeaders, extraHeaders } = context;
  for (let i = 0; i < corsHeaders.length; i++) flat.push(corsHeaders[i] as string);
  if (extraHeaders !== undefined) for (let i = 0; i < extraHeaders.length; i++) flat.push(extraHeaders[i] as string);
  // An answer that leaves before the upload is complete would hang a kept-alive connection.
  if (!context.req.complete && hasBody(context)) flat.push('connection', 'close');
}

/** True when the request announced a body (RFC 9112, section 6). */
export function hasBody(context: RequestContext): boolean {
  const { headers } = context.req;
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  );
}

/** Joins two lists of field names without naming one twice (RFC 9110, section 12.5.5). */
export function mergeVary(first: string | readonly string[], second: string): string {
  const merged = typeof first === 'string' ? first : first.join(', ');
  if (second === '' || merged.trim() === '*') return merged;
  const known = new Set(
    merged
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const missing = second
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !known.has(name.toLowerCase()));
  return missing.length === 0 ? merged : `${merged}, ${missing.join(', ')}`;
}

/** Up to here, copying a body costs less than writing it in a piece of its own. */
const SMALL_BYTES = 4 * 1024;

/**
 * Ends a service's answer, with its last chunk in the same write where that is known to be the last. A small one goes
 * as text: Node then puts it behind a head that is still to be sent, where bytes would make the two a list of pieces
 * for the kernel. `idleMs`: how long the client may read nothing of what is left.
 */
export function endServiceAnswer(res: ServerResponse, chunk: Buffer | undefined, idleMs: number): void {
  if (chunk !== undefined && chunk.length <= SMALL_BYTES) res.end(chunk.toString('latin1'), 'latin1');
  else res.end(chunk);
  guardTail(res, idleMs);
}

/** How long a client may read nothing of an answer of ours; longer ones are the services'. */
const READ_MS = 5_000;

/** How long, and how much of, an unread upload is taken in so that the client gets to read the refusal. */
const LINGER_MS = 1_000;

/**
 * Ends an answer of the gateway's own. Where the upload has not all arrived, the rest is read and thrown away for a
 * moment: closing at once would send a reset that can overtake the answer (RFC 9112, section 9.6).
 */
export function endAnswer(context: RequestContext, body: Buffer | string | undefined): void {
  const { req, res } = context;
  if (body !== undefined) context.bytesOut += typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (req.complete || !hasBody(context) || body === undefined || req.method === 'HEAD') {
    res.end(body);
    guardTail(res, READ_MS);
    return;
  }
  res.write(body);
  const timer = setTimeout(finish, LINGER_MS);
  function finish(): void {
    clearTimeout(timer);
    req.off('end', finish);
    req.off('close', finish);
    res.end();
  }
  req.once('end', finish);
  req.once('close', finish);
  req.resume();
}
