import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type { buildConnector, Dispatcher } from 'undici';
// The whole package is twice the memory and five times the time at start, for parts that are not used here.
import createUndiciConnector from 'undici/lib/core/connect.js';
import errors from 'undici/lib/core/errors.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { AttemptOutcome } from '../facts.ts';
import { allowUnaskedContinue } from './unasked-continue.ts';

/** One attempt as the transport needs it: everything in it has been checked, since undici loses a connection otherwise. */
export interface TransportRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values by turns. */
  readonly headers: string[];
  readonly body: Readable | Buffer | string | null;
  /** Asks for an upgrade of the connection (RFC 9110, section 7.8). */
  readonly upgrade?: 'websocket' | undefined;
  /** Set by the transport. */
  servername?: string;
}

export type TransportHandler = Dispatcher.DispatchHandler;
export type TransportController = Dispatcher.DispatchController;

/** Verification of a service's certificate, in PEM; kept with the transport, so two services never share it. */
export interface TransportTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
  readonly verify?: boolean | undefined;
}

export interface TransportOptions {
  /** Upper bound of what the connection may take; the request's own deadline is usually shorter. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** How long an unused connection is kept where the service gives no `Keep-Alive: timeout`. Default 4 s. */
  readonly idleTimeoutMs?: number;
  readonly tls?: TransportTls;
  /** Offers HTTP/2 by ALPN; a service that does not take it is spoken to in HTTP/1.1. Default false. */
  readonly http2?: boolean;
}

/** The connections to one target. */
export interface Transport {
  send(request: TransportRequest, handler: TransportHandler): void;
  /** Lets requests in flight finish, then closes the connections. */
  close(): void;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** Node's own servers close after 5 s without a hint: leave before they do. */
const DEFAULT_IDLE_TIMEOUT_MS = 4_000;
/** A hint above this is not believed. */
const MAX_IDLE_TIMEOUT_MS = 60_000;

/** All timeouts but the connection's are the attempt's: undici's own would cost two timers a request. */
export function createTransport(origin: string, options: TransportOptions = {}): Transport {
  const { protocol, hostname } = new URL(origin);
  const isTls = protocol === 'https:';
  const pool = new Pool(origin, {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 32 * 1024,
    keepAliveTimeout: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    keepAliveMaxTimeout: MAX_IDLE_TIMEOUT_MS,
    allowH2: options.http2 ?? false,
    connect: createConnector(hostname, options),
  });
  allowUnaskedContinue(pool);
  return {
    send: (request, handler) => {
      // undici would take the name from the Host field, which may be the client's, and reconnect when it changes.
      if (isTls) request.servername = hostname;
      pool.dispatch(request as Dispatcher.DispatchOptions, handler);
    },
    close: () => {
      pool.close().catch(() => pool.destroy());
    },
  };
}

/** Connects and verifies by the target's own name, or the one that the file asks for; an IP address has none (RFC 6066, 3). */
function createConnector(
  hostname: string,
  { connectTimeoutMs, tls, http2 = false }: TransportOptions,
): buildConnector.connector {
  const address = hostname.replace(/^\[|\]$/g, '');
  const serverName = tls?.serverName ?? (isIP(address) === 0 ? hostname : undefined);
  const connect = createUndiciConnector({
    allowH2: http2,
    timeout: connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
    rejectUnauthorized: tls?.verify ?? true,
  });
  return (options, callback) => {
    const { servername: _ofTheRequest, ...rest } = options;
    connect(serverName === undefined ? rest : { ...rest, servername: serverName }, (...result) => {
      result[1]?.on('error', nameReset);
      callback(...result);
    });
  };
}

/**
 * undici takes a reset for the end of an answer that lasts until the connection closes, and it would pass for whole: by
 * another name it is a failure (undici 8.12, client-h1.js).
 */
function nameReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
}

/** What an error of undici or of the socket means for the attempt, before its head has come or after it. */
export function outcomeOf(error: unknown, hasHead = false): AttemptOutcome {
  const code = codeOf(error);
  if (code === undefined) return 'protocol';
  // Before the head the lengths contradict each other; after it the body is too short.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return hasHead ? 'reset' : 'protocol';
  if (error instanceof errors.SocketError && error.message === 'bad upgrade') return 'protocol';
  const known = OUTCOMES[code];
  if (known !== undefined) return known;
  if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code.startsWith('CERT_') || TLS_CODES.has(code))
    return 'tls';
  if (error instanceof errors.HTTPParserError || code.startsWith('HPE_')) return 'protocol';
  return 'reset';
}

const OUTCOMES: Readonly<Record<string, AttemptOutcome>> = {
  // The gateway itself has no descriptor, port or memory left.
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
  ENOBUFS: 'overloaded',
  ENOMEM: 'overloaded',
  EADDRNOTAVAIL: 'overloaded',
  EADDRINUSE: 'overloaded',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EACCES: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'headers-timeout',
  UND_ERR_BODY_TIMEOUT: 'idle-timeout',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_RESPONSE: 'protocol',
  UND_ERR_INVALID_ARG: 'protocol',
  UND_ERR_NOT_SUPPORTED: 'protocol',
};

/** Whether an attempt that ended so says nothing about the service: not to breaker or health. */
export function isNobodysFailure(outcome: AttemptOutcome): boolean {
  return outcome === 'aborted-by-client' || outcome === 'upload-refused' || outcome === 'overloaded';
}

/** OpenSSL's words for a certificate that can't be verified. */
const TLS_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'EPROTO',
]);

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Several addresses were tried (happy eyeballs): the first error tells.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  return error.cause === undefined ? undefined : codeOf(error.cause);
}

/** True for a pooled connection that the service had already closed: undici's "other side closed" before any byte. */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}
