import { isOneHop } from '../lib/header-filter.ts';
import { TOKEN } from '../lib/http-token.ts';

/** What a stage may not set: the gateway's word about a request, and about its answer. */
const GATEWAYS = new Set(['x-request-id', 'x-correlation-id', 'traceparent', 'destination']);
const MAX_VALUE_CHARS = 8192;
const VALUE = /^[\t\x20-\x7e]*$/;

/** The name in lower case; throws for what is none, and for what belongs to the connection or to the gateway. */
export function checkedName(name: string): string {
  const lower = String(name).toLowerCase();
  if (!TOKEN.test(lower) || lower.length > 256) throw new TypeError(`"${name}" is no name of a header field`);
  // Whoever hands fields on as variables takes an underscore for a dash (CGI, RFC 3875, section 4.1.18).
  const dashed = lower.replaceAll('_', '-');
  if (isOneHop(dashed)) throw new TypeError(`"${lower}" belongs to the connection, which is the gateway's`);
  if (GATEWAYS.has(dashed) || dashed.startsWith('x-forwarded-') || dashed.startsWith('sec-websocket-'))
    throw new TypeError(`"${lower}" is set by the gateway`);
  return lower;
}

/** Visible ASCII (RFC 9110, section 5.5): what a client has sent must never become a field of its own. */
export function checkedValue(name: string, value: string): string {
  const text = String(value).trim();
  if (!VALUE.test(text)) throw new TypeError(`the value of "${name}" has characters that are no visible ASCII`);
  if (text.length > MAX_VALUE_CHARS) throw new TypeError(`the value of "${name}" is longer than ${MAX_VALUE_CHARS}`);
  return text;
}
