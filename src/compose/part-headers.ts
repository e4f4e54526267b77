import type { RequestContext } from '../context.ts';
import { connectionNames } from '../lib/connection-names.ts';
import { isOneHop } from '../lib/header-filter.ts';
import { readTraceparent, readTracestate } from '../lib/trace-context.ts';

/**
 * What is said of the whole's body, of the form of its answer, or of an answer that the client has already (RFC 9110,
 * sections 8, 12.5, 13 and 14), and is not true of a part.
 */
const OF_THE_WHOLE = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'digest',
  'want-digest',
  'repr-digest',
  'idempotency-key',
  'traceparent',
  'tracestate',
]);

/**
 * The header fields of a part: those of the client's request, its credentials among them, since a part proves anew who
 * calls. They are taken as they came, so that whatever a client forges is stripped in the part as well.
 */
export function partHeaders(context: RequestContext): string[] {
  const { req, traceparent } = context;
  const { rawHeaders, headers } = req;
  const named = connectionNames(headers.connection);
  const out = ['host', headers.host ?? ''];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (isOneHop(lower) || OF_THE_WHOLE.has(lower) || lower.startsWith('content-') || named?.has(lower) === true)
      continue;
    out.push(name, rawHeaders[i + 1] as string);
  }
  out.push('accept', 'application/json');
  if (traceparent !== '') out.push('traceparent', traceparent);
  const state = readTraceparent(headers['traceparent']) && readTracestate(headers['tracestate']);
  if (state !== undefined) out.push('tracestate', state);
  return out;
}
