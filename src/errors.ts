import type { AnswerFields } from './sink.ts';

/**
 * Every problem a client can meet: one row a code, and nothing else makes an error answer.
 *
 * `source` says who is to blame. It picks the log level and is told to the client:
 * the caller (`client`), the service behind the gateway (`upstream`), or the gateway itself.
 * `type` of the answer is ERRORS_URL + code (RFC 9457, section 3.1.1); the admin port has a page for each.
 */
export type ErrorSource = 'client' | 'upstream' | 'gateway';

export interface ErrorRow {
  /** HTTP status (RFC 9110, section 15; 499 is ours and only ever in the log). */
  readonly status: number;
  readonly source: ErrorSource;
  readonly title: string;
  /** What to do about it: the default `detail`, and the text on docs/errors.md. */
  readonly advice: string;
  /** The error type of Proxy-Status (RFC 9209, section 2.3), where one fits. */
  readonly proxyStatus?: string;
}

/** Of `type` where ERRORS_URL is not set: the same for every gateway, so that programs may know it. */
export const PROBLEM_BASE = 'https://turnpike.dev/problems/';

export const ERRORS = {
  bad_request: { status: 400, source: 'client', title: 'Bad request', advice: 'The request could not be understood.' },
  bad_path: { status: 400, source: 'client', title: 'Malformed path', advice: 'Send a path that is percent-encoded correctly and, however often it is decoded, stays below the prefix of its route.' },
  bad_framing: { status: 400, source: 'client', title: 'Malformed request', advice: 'The request line, header fields or framing break RFC 9112.' },
  bad_body: { status: 400, source: 'client', title: 'Malformed body', advice: 'Send a body that is what its Content-Type and Content-Encoding say.' },
  invalid_request: { status: 400, source: 'client', title: 'Invalid request', advice: 'Mend what errors names: body, query or header fields are not what this route takes.' },
  query_refused: { status: 400, source: 'client', title: 'Query refused', advice: 'Send a simpler GraphQL query, or one that this route knows.' },
  header_mismatch: { status: 400, source: 'client', title: 'Header mismatch', advice: 'Send Mcp-Method and Mcp-Name once each, with what the body says.' },
  unauthenticated: { status: 401, source: 'client', title: 'Authentication required', advice: 'Send a credential that this route accepts; see WWW-Authenticate.' },
  invalid_credential: { status: 401, source: 'client', title: 'Invalid credential', advice: 'The credential is unknown, expired, revoked or not meant for this gateway.' },
  forbidden: { status: 403, source: 'client', title: 'Not allowed', advice: 'The caller is known but may not do this.' },
  insufficient_scope: { status: 403, source: 'client', title: 'Insufficient scope', advice: 'Ask for a token or a key with the scope that this route requires.' },
  stage_refused: { status: 403, source: 'client', title: 'Refused', advice: 'A stage that the operator of this gateway has added refused the request; the status is its own.' },
  address_refused: { status: 403, source: 'client', title: 'Address not allowed', advice: 'This client address may not use this route.' },
  origin_refused: {
    status: 403,
    source: 'client',
    title: 'Origin not allowed',
    advice: 'Pages of this origin may not open a WebSocket here, or not use the cookie of their visitor. Name the origin in cors.origins of the route (for a cookie with credentials) or in CORS_ORIGINS, or for WebSockets alone in websocket.origins.',
  },
  not_found: { status: 404, source: 'client', title: 'No such route', advice: 'No route matches this path and host.' },
  consumer_not_found: { status: 404, source: 'client', title: 'No such consumer or key', advice: 'The store of consumers has none of this name, or the consumer no key of this id.' },
  file_not_found: { status: 404, source: 'client', title: 'No such file', advice: 'This route serves files, and none has this name.' },
  method_not_allowed: { status: 405, source: 'client', title: 'Method not allowed', advice: 'Use one of the methods in Allow.' },
  request_timeout: { status: 408, source: 'client', title: 'Request timeout', advice: 'The request body stopped arriving.' },
  conflict: { status: 409, source: 'client', title: 'Conflict', advice: 'What is there already stands against it; the detail says what.' },
  consumers_in_file: { status: 409, source: 'client', title: 'Consumers are in the file', advice: 'Consumers of the file can not be changed by a call: edit it (turnpike key), or keep them in Redis ("consumerStore": "redis").' },
  gone: { status: 410, source: 'client', title: 'Gone', advice: 'This route has been retired; Link says what to read about it.' },
  precondition_failed: { status: 412, source: 'client', title: 'Changed meanwhile', advice: 'Somebody else has changed it since it was read: read it again, and send the ETag that it has now in If-Match.' },
  body_too_large: { status: 413, source: 'client', title: 'Body too large', advice: 'Send a smaller body, or raise bodyLimit of the route.' },
  uri_too_long: { status: 414, source: 'client', title: 'URI too long', advice: 'Send a URL of at most 8 KiB.' },
  unsupported_media_type: { status: 415, source: 'client', title: 'Type not supported', advice: 'Send the body in a Content-Type and Content-Encoding that this route takes.' },
  not_revoked: { status: 422, source: 'client', title: 'Token not revoked', advice: 'This is no jti, or 100,000 tokens are revoked already.' },
  idempotency_key_missing: { status: 400, source: 'client', title: 'Idempotency-Key is missing', advice: 'This route requires a key: send one that is new for each new request, a UUID for one.' },
  idempotency_key_invalid: { status: 400, source: 'client', title: 'Idempotency-Key is malformed', advice: 'Send one string of 1 to 255 visible characters.' },
  signature_replayed: { status: 409, source: 'client', title: 'Signed request came before', advice: 'A signed request passes once: sign it anew, with the time of now and a nonce of its own, to send it again.' },
  idempotency_in_progress: { status: 409, source: 'client', title: 'A request is outstanding for this Idempotency-Key', advice: 'The first request with this key is under way; send it again after Retry-After.' },
  idempotency_unknown: { status: 409, source: 'client', title: 'What came of this Idempotency-Key is not known', advice: 'The first request with this key reached the service, and its answer is not here: look at the service for what came of it.' },
  idempotency_mismatch: { status: 422, source: 'client', title: 'Idempotency-Key is already used', advice: 'This key belongs to a request with another method, target or body: send a new key for a new request.' },
  headers_too_large: { status: 431, source: 'client', title: 'Header fields too large', advice: 'Send at most 16 KiB of header fields.' },
  rate_limited: { status: 429, source: 'client', title: 'Too many requests', advice: 'Wait for the seconds in Retry-After.' },
  quota_exceeded: { status: 429, source: 'client', title: 'Quota used up', advice: 'Wait for the next period, or ask for a larger plan.' },
  too_many_concurrent: { status: 429, source: 'client', title: 'Too many calls at once', advice: 'Let calls in flight finish before sending more.' },
  too_many_failures: { status: 429, source: 'client', title: 'Too many failed credentials', advice: 'Wait for the seconds in Retry-After, then send a valid credential.' },
  banned: { status: 429, source: 'client', title: 'Banned for a while', advice: 'Too many wrong credentials, or calls beyond a limit: wait for the seconds in Retry-After.' },
  services_busy: { status: 429, source: 'upstream', title: 'All services are busy', advice: 'Every service of this route has asked to be left alone for a while: wait for the seconds in Retry-After.' },
  client_closed: { status: 499, source: 'client', title: 'Client closed the connection', advice: 'The client went away before the answer was complete.' },
  internal: { status: 500, source: 'gateway', title: 'Internal error', advice: 'The gateway failed; its log has the request id and the cause.' },
  stage_failed: { status: 500, source: 'gateway', title: 'Stage failed', advice: 'A stage that the operator of this gateway has added failed; the log has the request id and the cause.' },
  expression_failed: { status: 500, source: 'gateway', title: 'Rule failed', advice: 'An expression of the configuration could not be evaluated for this request; the log says which.' },
  coding_unsupported: { status: 501, source: 'client', title: 'Transfer coding not supported', advice: 'Send the body with chunked as its only Transfer-Encoding, or with a Content-Length.', proxyStatus: 'http_request_error' },
  upstream_refused: { status: 502, source: 'upstream', title: 'Service refused the connection', advice: 'The service is not listening; try again later.', proxyStatus: 'connection_refused' },
  upstream_dns: { status: 502, source: 'upstream', title: 'Service name not found', advice: 'The name of the service does not resolve.', proxyStatus: 'dns_error' },
  upstream_reset: { status: 502, source: 'upstream', title: 'Service closed the connection', advice: 'The service broke off before it answered.', proxyStatus: 'connection_terminated' },
  upstream_protocol: { status: 502, source: 'upstream', title: 'Service broke the protocol', advice: 'The answer of the service is not valid HTTP.', proxyStatus: 'http_protocol_error' },
  upstream_tls: { status: 502, source: 'upstream', title: 'TLS to the service failed', advice: 'The certificate or the handshake of the service was refused.', proxyStatus: 'tls_protocol_error' },
  bad_answer: { status: 502, source: 'upstream', title: 'Unreadable answer', advice: 'The answer of the service is not what it says that it is.', proxyStatus: 'http_response_incomplete' },
  answer_too_large: { status: 502, source: 'upstream', title: 'Answer too large', advice: 'The service answered more than this route may read.', proxyStatus: 'http_response_body_size' },
  invalid_answer: { status: 502, source: 'upstream', title: 'Invalid answer', advice: 'The answer of the service is not what its description promises.', proxyStatus: 'http_protocol_error' },
  service_error: { status: 502, source: 'upstream', title: 'Service error', advice: 'The service answered with an error, which this route does not pass on; the status is its own.', proxyStatus: 'proxy_internal_response' },
  part_failed: { status: 502, source: 'upstream', title: 'Part failed', advice: 'A part that this answer needs could not be had; the detail names it.', proxyStatus: 'destination_unavailable' },
  circuit_open: { status: 503, source: 'upstream', title: 'Circuit open', advice: 'The service has failed too often; it is tried again after Retry-After.', proxyStatus: 'destination_unavailable' },
  no_target: { status: 503, source: 'upstream', title: 'No target', advice: 'The service has no address at the moment.', proxyStatus: 'destination_unavailable' },
  overloaded: { status: 503, source: 'gateway', title: 'Overloaded', advice: 'Too many calls to this service are in flight.', proxyStatus: 'connection_limit_reached' },
  auth_unavailable: { status: 503, source: 'gateway', title: 'Authentication unavailable', advice: 'What decides about this credential does not answer; try again later.' },
  consumers_unavailable: { status: 503, source: 'gateway', title: 'Consumers unavailable', advice: 'The store of consumers does not answer; where the detail says so, look whether the change was made before you ask again.' },
  credential_unavailable: { status: 503, source: 'gateway', title: 'Credential unavailable', advice: 'The gateway could not get what it proves itself with to the service, so nothing was sent: try again after Retry-After.' },
  limits_unavailable: { status: 503, source: 'gateway', title: 'Limits unavailable', advice: 'The limit store does not answer and this route refuses without it.' },
  idempotency_unavailable: { status: 503, source: 'gateway', title: 'Keys unavailable', advice: 'Whether this key was used can not be told at the moment, so nothing was run: try again after Retry-After.' },
  injected_fault: { status: 503, source: 'gateway', title: 'Injected fault', advice: 'This route is on trial: it fails on purpose, as its fault says.', proxyStatus: 'proxy_internal_response' },
  stage_unavailable: { status: 503, source: 'gateway', title: 'Refused', advice: 'A stage that the operator of this gateway has added could not let the request pass; the status is its own.' },
  draining: { status: 503, source: 'gateway', title: 'Shutting down', advice: 'This instance is stopping; try again.' },
  maintenance: { status: 503, source: 'gateway', title: 'Under maintenance', advice: 'This route is closed for a while; try again after Retry-After.' },
  connect_timeout: { status: 504, source: 'upstream', title: 'Connect timeout', advice: 'The service did not accept a connection in time.', proxyStatus: 'connection_timeout' },
  headers_timeout: { status: 504, source: 'upstream', title: 'Service timeout', advice: 'The service did not answer in time.', proxyStatus: 'http_response_timeout' },
  not_stored: { status: 504, source: 'client', title: 'Not stored', advice: 'The request takes an answer from the cache alone (only-if-cached), and none is there that can be used.' },
  idle_timeout: { status: 504, source: 'upstream', title: 'Service stalled', advice: 'The service stopped reading the request, or fell silent in the middle of its answer.', proxyStatus: 'http_response_timeout' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault of several, as in `errors[]` of a validation answer. */
export interface ProblemEntry {
  /** What of the request it is in. */
  readonly in?: 'body' | 'query' | 'headers' | 'path' | 'cookies';
  /** JSON Pointer (RFC 6901) to the faulty part, within that. */
  readonly pointer?: string;
  readonly detail: string;
  /** The same for clients of GraphQL, which look for it under this name (GraphQL, section 7.1.2). */
  readonly message?: string;
}

/** What somebody answered who decides about a request, to be passed on to the client. */
export interface PassedOn {
  readonly status: number;
  /** Fields that may pass; they stand in place of the problem's own. */
  readonly fields: AnswerFields;
  /** Undefined where there was none: the client gets the problem's. */
  readonly body: Buffer | undefined;
}

export interface GatewayErrorExtras {
  /** Header fields to add to the answer, name and value by turns. */
  readonly headers?: readonly string[];
  /** Whole seconds for `Retry-After` (RFC 9110, section 10.2.3). */
  readonly retryAfterSeconds?: number;
  /** Whether `Link` leads to what is known of the problem, as `type` does. */
  readonly isLinked?: boolean;
  readonly errors?: readonly ProblemEntry[];
  /** The answer in place of the problem; the code still says what it was, in log and metrics. */
  readonly passedOn?: PassedOn | undefined;
  readonly cause?: unknown;
  /** What the log says in place of the detail, where the client is told less. */
  readonly detailForLog?: string | undefined;
  /** Finds the route that was probably meant; asked by the log alone, and never told to a client. */
  readonly nearestRoute?: () => NearestRoute | undefined;
}

/** The prefix of a route that was probably meant, and the key of it that did not fit where the path did. */
export interface NearestRoute {
  readonly prefix: string;
  readonly wants?: string;
}

/** What a stage hands to `next()` to refuse a request: a code from the table, never a bare status. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly extras: GatewayErrorExtras | undefined;

  constructor(code: ErrorCode, detail?: string, extras?: GatewayErrorExtras) {
    // A refusal is an expected answer: collecting its stack would cost more than the answer.
    const limit = Error.stackTraceLimit;
    if (extras?.cause === undefined) Error.stackTraceLimit = 0;
    super(detail ?? ERRORS[code].advice, extras?.cause === undefined ? undefined : { cause: extras.cause });
    Error.stackTraceLimit = limit;
    this.name = 'GatewayError';
    this.code = code;
    this.extras = extras;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  /** Of the answer: the row's, or that of whoever decided. */
  get status(): number {
    return this.extras?.passedOn?.status ?? this.row.status;
  }
}
