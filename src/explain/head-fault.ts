import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';
import { isMethod } from '../lib/methods.ts';
import { findFramingFault } from '../server/framing.ts';
import { MAX_HEADER_BYTES } from '../server/listen.ts';
import type { AskedRequest } from './question.ts';

/** CONNECT and others that Node's parser knows are refused later, in words of their own. */
const UNKNOWN_METHOD = 'The parser knows no such method: methods are in capitals, and those that are registered.';
const TWO_LENGTHS = 'A body has one length: a Content-Length in digits, or Transfer-Encoding (RFC 9112, section 6.3).';

/** What keeps a request from every route, since its head is none or can be read in two ways; undefined for a sound one. */
export function findHeadFault(asked: AskedRequest): GatewayError | undefined {
  const { method, target, headers } = asked;
  if (!isMethod(method)) return new GatewayError('bad_framing', undefined, { detailForLog: UNKNOWN_METHOD });
  const bytes = headers.reduce((sum, text) => sum + text.length, target.length);
  if (bytes > MAX_HEADER_BYTES && target.length < MAX_HEADER_BYTES / 2) return new GatewayError('headers_too_large');
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  const isClear =
    lengths.length <= 1 && lengths.every((one) => /^\d+$/.test(one)) && lengths.length * codings.length === 0;
  if (!isClear) return new GatewayError('bad_framing', undefined, { detailForLog: TWO_LENGTHS });
  return findFramingFault(asHead(asked, codings));
}

function asHead({ method, target: url, headers: rawHeaders }: AskedRequest, codings: readonly string[]) {
  const headers = {
    host: valuesOf(rawHeaders, 'host')[0],
    expect: valuesOf(rawHeaders, 'expect').join(', ') || undefined,
    'transfer-encoding': codings.join(', ') || undefined,
  };
  return { method, url, rawHeaders, headers, httpVersionMajor: 1, httpVersionMinor: 1 } as unknown as IncomingMessage;
}

function valuesOf(headers: readonly string[], wanted: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === wanted);
}
