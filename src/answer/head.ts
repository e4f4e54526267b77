import helmet from 'helmet';
import type { RequestContext } from '../context.ts';
import { connectionNames } from '../lib/connection-names.ts';
import { hasBody } from '../lib/has-body.ts';
import type { AnswerFields } from '../sink.ts';
import { recordHeaders } from './header-recorder.ts';

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

/** True for a field of a service's answer, in small letters, that no client ever gets. */
export function isHiddenField(name: string): boolean {
  return DROPPED.has(name) || name.startsWith('x-internal-');
}

/**
 * The fields of a service's answer as the client gets them: cleaned, with the gateway's own added. Names and values by
 * turns, as `writeHead` takes them: Node then writes them as they are, where `setHeader` would keep a second copy of
 * every field. Values of fixed fields were computed when the snapshot was compiled.
 */
export function serviceHead(context: RequestContext, status: number, fields: AnswerFields): string[] {
  const flat: string[] = [];
  const vary = addServiceFields(context, flat, fields);
  addMissing(flat, fields, context.securityHeaders);
  addOwnFields(context, flat, vary);
  // 204 has none (RFC 9110, section 8.6).
  if (status === 204) takeLength(flat);
  // After a Content-Length, Node takes the bytes of a Content-Disposition for UTF-8 and writes others, or throws (Node 26).
  else if (fields['content-disposition'] !== undefined) flat.push(...takeLength(flat));
  return flat;
}

/** Takes Content-Length, name and value, out of a list of fields; empty when it has none. */
function takeLength(flat: string[]): string[] {
  for (let i = 0; i < flat.length; i += 2) if (flat[i] === 'content-length') return flat.splice(i, 2);
  return [];
}

/** Adds the service's own fields that may pass; answers `Vary`, which is written last and once. */
function addServiceFields(context: RequestContext, flat: string[], headers: AnswerFields): string {
  const named = connectionNames(headers['connection']);
  let vary = context.corsVary;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isDropped(name, context, named)) continue;
    if (name === 'vary') vary = mergeVary(value, vary);
    else if (typeof value === 'string') flat.push(name, value);
    else for (const one of value) flat.push(name, one);
  }
  return vary;
}

/** helmet's fields, where the service has not set its own. */
function addMissing(flat: string[], headers: AnswerFields, fields: readonly string[]): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (headers[name] === undefined) flat.push(name, fields[i + 1] as string);
  }
}

/** True for a field (lower case) of somebody else's answer that the client doesn't get. */
export function isDropped(name: string, context: RequestContext, named: ReadonlySet<string> | undefined): boolean {
  if (isHiddenField(name)) return true;
  if (context.ownsCors && name.startsWith('access-control-')) return true;
  if (context.limit !== undefined && name.startsWith('x-ratelimit-')) return true;
  return named?.has(name) === true;
}

/** helmet on the gateway's own answers: nothing in them is to be run, framed or embedded. */
export const STRICT_HEADERS: readonly string[] = recordHeaders(
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
  }),
);

/**
 * What the route promises of TLS (RFC 6797), on the gateway's own answers too: the last field that a browser sees holds,
 * so that another one would take back what the route's other answers say.
 */
function addTransportSecurity(flat: string[], fields: readonly string[]): void {
  const at = fields.indexOf('strict-transport-security');
  if (at >= 0) flat.push('strict-transport-security', fields[at + 1] as string);
}

/** The fields of an answer that the gateway makes itself, with helmet's strict ones where it has none of that name. */
export function ownHead(context: RequestContext, fields: AnswerFields): string[] {
  const flat: string[] = [];
  const { vary = '', ...others } = fields;
  for (const name in others) for (const value of [others[name] ?? []].flat()) flat.push(name, value);
  addMissing(flat, fields, STRICT_HEADERS);
  if (fields['strict-transport-security'] === undefined) addTransportSecurity(flat, context.securityHeaders);
  addOwnFields(context, flat, vary === '' ? context.corsVary : mergeVary(vary, context.corsVary));
  return flat;
}

/** The event by which whoever takes a connection over tells the maker of the response. */
export const TAKEN_OVER = 'turnpike:taken-over';

/**
 * Takes the connection of an upgrade over from its response, and answers the head of a 101 with the service's fields
 * of the handshake and the gateway's own. From here on the response only stands for the request's end.
 */
export function takeOver(context: RequestContext, headers: AnswerFields): string {
  const { res } = context;
  res.emit(TAKEN_OVER);
  context.status = 101;
  context.answerer = 'service';
  context.isWhole = true;
  if (res.socket !== null) res.detachSocket(res.socket);
  const flat: string[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isDropped(name, context, undefined)) continue;
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
  if (!context.req.complete && hasBody(context.req)) flat.push('connection', 'close');
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
