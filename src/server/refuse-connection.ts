import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERRORS, type ErrorCode, PROBLEM_BASE } from '../errors.ts';

/** Codes of Node's parser and server that are about something else than broken framing. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Longer URLs are refused as such; shorter ones leave the blame to the header fields. */
const MAX_URL_BYTES = 8 * 1024;

/** What `clientError` hands over; `rawPacket` is what was being parsed. */
export interface ConnectionError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** A client that doesn't read our refusal is let go after this. */
const LINGER_MS = 1_000;

/**
 * Answers what is no valid HTTP, and ends the connection: after a framing error nobody knows where the next request
 * begins (RFC 9112, section 11.2).
 */
export function refuseConnection(error: ConnectionError, socket: Duplex): void {
  // The client is gone, or has had (part of) an answer: writing another one into it would be request smuggling's twin.
  const { _httpMessage: answer } = socket as Duplex & { _httpMessage?: { headersSent: boolean } | null };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy();
    return;
  }
  socket.on('error', () => socket.destroy());
  socket.end(rawProblem(codeOf(error)));
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
}

/** Refuses what the parser let through but no route may see; ends the connection as well. */
export function refuseRequest(res: ServerResponse, code: ErrorCode, detail: string): void {
  const body = problemBody(code, detail);
  res.shouldKeepAlive = false;
  res.writeHead(ERRORS[code].status, [...HEAD_FIELDS, 'Content-Length', String(Buffer.byteLength(body))]);
  res.end(body);
}

function codeOf({ code = '', rawPacket }: ConnectionError): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW' && rawPacket !== undefined && hasLongUrl(rawPacket)) return 'uri_too_long';
  return CODE_OF[code] ?? 'bad_framing';
}

/** Node counts the request line among the header fields: a first line without an end is what was too long. */
function hasLongUrl(packet: Buffer): boolean {
  const end = packet.indexOf('\r\n');
  return (end === -1 || end > MAX_URL_BYTES) && /^[A-Z-]{3,20} [/h]/.test(packet.toString('latin1', 0, 32));
}

/** A whole problem answer (RFC 9457) as text, for a connection that never became a request. */
export function rawProblem(code: ErrorCode, detail?: string, fields: readonly string[] = []): string {
  const { status, title } = ERRORS[code];
  const body = problemBody(code, detail);
  const all = [...HEAD_FIELDS, ...fields, 'Content-Length', String(Buffer.byteLength(body)), 'Connection', 'close'];
  let head = `HTTP/1.1 ${status} ${title}\r\n`;
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
  return `${head}\r\n${body}`;
}

const HEAD_FIELDS: readonly string[] = [
  'Content-Type',
  'application/problem+json',
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
];

function problemBody(code: ErrorCode, detail: string = ERRORS[code].advice): string {
  const { status, title } = ERRORS[code];
  return JSON.stringify({ type: PROBLEM_BASE + code, title, status, detail, code });
}
