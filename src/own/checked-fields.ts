import { isOneHop } from '../lib/header-filter.ts';
import { TOKEN } from '../lib/http-token.ts';
import { checkedFieldValue } from '../values/header-value.ts';

/** What a stage may not set: the gateway's word about a request, and about its answer. */
const GATEWAYS = new Set(['x-request-id', 'x-correlation-id', 'traceparent', 'destination']);

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

/** What is said once in an answer, by whoever gives it: the hook `head` edits those. */
const SAID_ONCE = new Set(
  'content-type content-encoding content-language content-location content-range content-disposition content-digest etag last-modified date age server location'.split(
    ' ',
  ),
);

/** True for a field that can't be added to an answer of somebody else. */
export function isSaidOnce(lowerName: string): boolean {
  return SAID_ONCE.has(lowerName);
}

/** As any computed value is sent; what a client has sent must never become a field of its own (RFC 9110, section 5.5). */
export function checkedValue(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new TypeError(`the value of "${name}" is ${value === null ? 'null' : typeof value}, and no text`);
  try {
    return checkedFieldValue(name, String(value));
  } catch (cause) {
    throw new TypeError(`the value of "${name}" has control characters, or is too long`, { cause });
  }
}
