import type { Duplex } from 'node:stream';
import { ERRORS, type ErrorCode, PROBLEM_BASE } from '../errors.ts';

/** Codes of Node's parser and server that are about something else than broken framing. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** A client that doesn't read our refusal is let go after this. */
const LINGER_MS = 1_000;

/**
 * Answers what is no valid HTTP, and ends the connection: after a framing error nobody knows where the next request
 * begins (RFC 9112, section 11.2).
 */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  // The client is gone, or has had (part of) an answer: writing another one into it would be request smuggling's twin.
  const { _httpMessage: answer } = socket as Duplex & { _httpMessage?: { headersSent: boolean } | null };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy();
    return;
  }
  socket.on('error', () => socket.destroy());
  socket.end(rawProblem(CODE_OF[error.code ?? ''] ?? 'bad_framing'));
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
}

/** A whole problem answer (RFC 9457) as text, for a connection that never became a request. */
export function rawProblem(
  code: ErrorCode,
  detail: string = ERRORS[code].advice,
  headers: readonly string[] = [],
): string {
  const { status, title } = ERRORS[code];
  const body = JSON.stringify({ type: PROBLEM_BASE + code, title, status, detail, code });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    ...headers,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
