import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, GatewayError } from '../errors.ts';

/** What `clientError` hands over; `rawPacket` is what was being parsed, up to `bytesParsed` without a fault. */
export interface ConnectionError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** Codes of Node's parser and server that are about something else than broken framing. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Longer URLs are refused as such; shorter ones leave the blame to the header fields. */
const MAX_URL_BYTES = 8 * 1024;

/** Lines of requests that begin in a packet; of one that is cut off, the version is still to come. */
const REQUEST_LINE = /^([A-Z][A-Z-]{1,19}) ([/h*][^\s]*)(?: |$)/gm;

/** True when it is the connection that failed, not what was said on it: there is nobody who could be told. */
export function isBrokenConnection({ code = '' }: ConnectionError): boolean {
  return !code.startsWith('HPE_') && CODE_OF[code] === undefined;
}

/** The refusal of what is no valid HTTP; undefined where there is nothing to refuse. */
export function refusalOf(error: ConnectionError): GatewayError | undefined {
  const { code = '' } = error;
  // Whatever comes behind a request that asked for the end of the connection is no request (RFC 9112, section 9.6).
  if (code === 'HPE_CLOSED_CONNECTION') return undefined;
  const line = firstLine(error);
  if (code === 'HPE_HEADER_OVERFLOW' && line !== undefined && line.url.length > MAX_URL_BYTES)
    return new GatewayError('uri_too_long');
  return new GatewayError(CODE_OF[code] ?? 'bad_framing');
}

/**
 * A request to stand for what never became one, so that it is logged, counted and answered like any other. It has no
 * header fields, and method and target only as far as they are known.
 */
export function standInFor(error: ConnectionError, socket: Socket, Request: typeof IncomingMessage): IncomingMessage {
  const line = firstLine(error);
  const req = new Request(socket);
  req.httpVersionMajor = 1;
  req.httpVersionMinor = 1;
  req.httpVersion = '1.1';
  req.method = line?.method ?? '';
  req.url = line?.url ?? '';
  req.complete = true;
  return req;
}

interface RequestLine {
  readonly method: string;
  readonly url: string;
}

/** The last line of a request up to where the parser stopped: what stands before it has been answered. */
function firstLine({ rawPacket, bytesParsed = 0 }: ConnectionError): RequestLine | undefined {
  if (rawPacket === undefined) return undefined;
  let found: RequestLine | undefined;
  for (const { index, 1: method, 2: url } of rawPacket.toString('latin1').matchAll(REQUEST_LINE)) {
    if (index > bytesParsed) break;
    found = { method: method as string, url: url as string };
  }
  return found;
}
