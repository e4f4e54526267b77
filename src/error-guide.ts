import { ERRORS, type ErrorCode, type ErrorRow } from './errors.ts';

/** What the table of errors does not tell a client, of one code. */
export interface Guidance {
  /** What has happened, in a sentence. */
  readonly means: string;
  /** What an operator looks at, and does. */
  readonly operator: string;
}

const EXPLAIN = 'turnpike explain with the same request says which rule decides.';

/**
 * What a code means, and what an operator can do: for `turnpike errors`, the pages of the admin port and docs/errors.md.
 * No request pays for it: what a client is told stands in errors.ts.
 */
export const ERROR_GUIDE: Readonly<Record<ErrorCode, Guidance>> = {
  bad_request: { means: 'The request is HTTP, and yet can not be understood.', operator: 'The detail in the log says what was wrong. One client alone has a fault of its own; many at once point to a proxy in front.' },
  bad_path: { means: 'The path is not percent-encoded correctly, or would leave the prefix of its route when it is decoded.', operator: 'Often a scanner. Where clients need encoded slashes, see path of the route.' },
  bad_framing: { means: 'Request line, header fields or lengths contradict HTTP, which is how requests are smuggled.', operator: 'Look which client or proxy in front sends it (clientAddress). It can not be allowed.' },
  bad_body: { means: 'The body is not what Content-Type or Content-Encoding say: broken JSON, wrong gzip, bad UTF-8.', operator: 'The detail names the place. If the client is right, look at what a proxy in front has changed.' },
  invalid_request: { means: 'Body, query or header fields are not what the schema or the OpenAPI document of the route demands.', operator: 'errors[] of the answer names each place. If clients are right, the document is stale: mend it, and try it with turnpike what-if.' },
  query_refused: { means: 'A GraphQL query is too deep, too costly, or none of those that the route knows.', operator: 'The log has depth and cost. Raise the limits of graphql for the route, or list the query.' },
  header_mismatch: { means: 'Fields of MCP say something else than the body.', operator: 'A client or a proxy writes Mcp-Method or Mcp-Name wrongly; see mcp of the route.' },
  unauthenticated: { means: 'No credential was sent, and the route wants one.', operator: `${EXPLAIN} If nobody can call, no issuer and no consumer is configured: turnpike check says so.` },
  invalid_credential: {
    means: 'A credential was sent that is unknown, expired, revoked, wrongly signed, or meant for somebody else.',
    operator: 'The detail in the log says which: turnpike recent --code invalid_credential. An ended key: turnpike key list, then key rotate. All tokens at once: the keys of the issuer, or the clock.',
  },
  forbidden: { means: 'The caller is known, and a rule of the route does not let it do this.', operator: `${EXPLAIN} Roles, groups and plans of a consumer: turnpike key list.` },
  insufficient_scope: { means: 'The token or key lacks a scope that the route wants.', operator: 'The answer names the scope. Give it to the consumer (--consumer-scopes), or have the issuer put it into tokens.' },
  stage_refused: { means: 'An own stage of this gateway has refused, with a status of its own.', operator: 'The log names the stage (refused by) and its reason; its source is named in use of the routes file.' },
  address_refused: { means: 'ipAllow or ipDeny of the route refuses the client address.', operator: 'Is clientAddress in the log that of a proxy in front? Then TRUST_PROXY is not set as it should be.' },
  origin_refused: { means: 'A page of an origin that is not allowed has opened a WebSocket, or used a cookie.', operator: 'Name the origin in cors.origins of the route, in CORS_ORIGINS, or in websocket.origins.' },
  not_found: { means: 'No route matches path, host and header fields.', operator: 'The log says which route was probably meant (nearestRoute), and what did not fit (nearestWants). turnpike routes lists all.' },
  consumer_not_found: { means: 'The store has no such consumer, or the consumer no such key.', operator: 'turnpike key list shows what there is; a file and Redis are two stores.' },
  file_not_found: { means: 'The route serves files, and none is there by that name.', operator: 'Look whether the last release has put the files where files.folder of the route says.' },
  method_not_allowed: { means: 'There is a route for the path, and it does not take the method.', operator: 'Add the method to methods of the route, if it is meant.' },
  request_timeout: { means: 'The client has stopped sending its body.', operator: 'A slow network, or a client that holds connections on purpose. Many at once from one address: see bans of the file, and MAX_IN_FLIGHT_PER_ADDRESS.' },
  conflict: { means: 'What is there already stands against what was asked for.', operator: 'The detail says what is in the way.' },
  consumers_in_file: { means: 'The consumers stand in the routes file, which no call may change.', operator: 'Use turnpike key, or set consumerStore to "redis".' },
  gone: { means: 'The route has been retired: deprecation.sunset is over.', operator: 'turnpike recent --code gone shows who still calls; tell them, or move the date.' },
  precondition_failed: { means: 'Somebody else has changed a consumer meanwhile (If-Match).', operator: 'Nothing to do: who asked reads it again.' },
  body_too_large: { means: 'The body is larger than bodyLimit of the route.', operator: 'Raise bodyLimit, if bodies of that size are meant.' },
  uri_too_long: { means: 'The URL is longer than 8 KiB.', operator: 'It can not be raised: have the client send a body.' },
  unsupported_media_type: { means: 'The route takes no body of that Content-Type or Content-Encoding.', operator: 'See what the route validates or transforms; a document that names more types takes more.' },
  not_revoked: { means: 'The token could not be revoked: it is no jti, or the list is full.', operator: 'Where 100,000 are revoked already, tokens live too long: shorten them.' },
  idempotency_key_missing: { means: 'The route demands an Idempotency-Key.', operator: 'Tell clients, or set idempotency.required of the route to false.' },
  idempotency_key_invalid: { means: 'The Idempotency-Key is no string of 1 to 255 visible characters.', operator: 'Nothing to do: the client has to be mended.' },
  signature_replayed: { means: 'A signed request came a second time.', operator: 'A provider that repeats a webhook signs it anew; the very same bytes are a replay, or a proxy in front that repeats.' },
  idempotency_in_progress: { means: 'The first request with this key has not been answered yet.', operator: 'Many of them: the service is slow. turnpike status shows its times.' },
  idempotency_unknown: { means: 'The gateway does not know how the first request with this key ended.', operator: 'An instance died, or Redis was away, in the middle of it. Look at the service, by the request id.' },
  idempotency_mismatch: { means: 'The key was used for another request.', operator: 'Nothing to do: the client makes its keys wrongly.' },
  headers_too_large: { means: 'The header fields are more than 16 KiB.', operator: 'Mostly cookies that have piled up, or a token with too many claims.' },
  rate_limited: { means: 'A limit of the route, of the plan or of the whole gateway is used up for the moment.', operator: 'turnpike recent --code rate_limited shows which limit, and whose; turnpike routes has the limits. Give the consumer another plan, or raise the limit.' },
  quota_exceeded: { means: 'The quota of the plan is used up for this period.', operator: 'turnpike usage says how much was used. Give the consumer another plan (key create --plan).' },
  too_many_concurrent: { means: 'The caller, or the address, has as many calls in flight as it may.', operator: 'Are all clients behind one address? Then set TRUST_PROXY. Else the service is slow, or concurrency.perConsumer or MAX_IN_FLIGHT_PER_ADDRESS too low.' },
  too_many_failures: {
    means: 'More than 20 wrong credentials came from this address within a minute: further wrong ones are answered so until there are fewer.',
    operator: 'It is no block: it ends by itself within a minute, and hits nobody else; a valid credential passes at any time, from the same address, too. Somebody guesses, or a client has an old key: turnpike recent --code too_many_failures shows from where, and whose key (keyOwner).',
  },
  banned: { means: 'The caller is banned for a while, by bans of the file.', operator: 'GET /bans of the admin port lists them; DELETE /bans/ID lifts one.' },
  services_busy: { means: 'Each service of the route has asked to be left alone (429, or 503 with Retry-After).', operator: 'The budget with a provider is used up, or services are overloaded: see the service, or add one to the route.' },
  client_closed: { means: 'The client went away before the answer was complete; seen in the log alone.', operator: 'Many at once: clients lose patience since a service is slow. Look at p99 in turnpike status.' },
  internal: { means: 'The gateway has failed: a bug.', operator: 'The log line of the request id has the stack (cause). Report it; what the route has of its own may lead to a way around.' },
  stage_failed: { means: 'An own stage of this gateway threw.', operator: 'The log line of the request id has the cause, and names the stage. Mend it and save: it is imported anew.' },
  expression_failed: { means: 'An expression of the routes file could not be evaluated, for one since a field is not there.', operator: 'The log says which and why. Guard it with has(), and try it with turnpike explain.' },
  coding_unsupported: { means: 'The Transfer-Encoding has something else than chunked.', operator: 'Nothing to do: no client of today sends that.' },
  upstream_refused: { means: 'Nobody listens at the address of the service.', operator: 'It is down, or the address or port is wrong: turnpike status shows the target. Start it, or mend targets.' },
  upstream_dns: { means: 'Name resolution does not know the host of the target.', operator: 'A misspelt name in targets, or the resolver of this machine: ask it with getent hosts NAME.' },
  upstream_reset: { means: 'The service has closed the connection before it had answered.', operator: 'It crashed (its log), was restarted, or closes idle connections sooner than the gateway: raise its keep-alive timeout.' },
  upstream_protocol: { means: 'What the service sends is no valid HTTP.', operator: 'A wrong port (TLS, for one), or a faulty server: curl -v to the target shows it.' },
  upstream_tls: { means: 'The TLS handshake with the service has failed.', operator: 'The cause in the log says why: an expired or foreign certificate, another name, no client certificate. See tls of the service.' },
  bad_answer: { means: 'The answer of the service breaks off, or is not coded as it says.', operator: 'Look at the service with curl --raw; where it lies of its coding, do not transform its answers.' },
  answer_too_large: { means: 'The answer is larger than the route may read whole.', operator: 'Raise the limit of the transformation, of the aggregate or of the cache, or leave that route alone.' },
  invalid_answer: { means: 'The answer is not what the OpenAPI document of the service promises.', operator: 'The log names the places. Mend the service or the document; openapi.answers "shadow" tells in place of refusing.' },
  service_error: { means: 'The service has answered an error, in place of which the gateway answers (errors.normalize).', operator: 'The status is that of the service: look there, by the request id.' },
  part_failed: { means: 'A part that an aggregate needs could not be had.', operator: 'The detail names the part and what came of it; make it optional if the whole is of use without it.' },
  circuit_open: { means: 'The service has failed so often that it is left alone for a while.', operator: 'turnpike recent --service NAME shows the failures before. When it is well again: turnpike breaker NAME closed, else it is tried by itself.' },
  no_target: { means: 'No target of the service is left: none was found, or all are ejected.', operator: 'turnpike status names the targets that are out, and why. Is discovery (DNS, Consul) answering?' },
  overloaded: { means: 'So many calls to the service are in flight that another is not taken (bulkhead).', operator: 'The service is slow: see its p99. Raise bulkhead of the service only where it can bear more.' },
  auth_unavailable: { means: 'What decides about the credential does not answer: the auth service, introspection, or the keys of an issuer.', operator: 'The cause in the log names the address. Can this machine reach it (curl)? Keys that were fetched go on for a while.' },
  consumers_unavailable: { means: 'Redis, where consumers are kept, does not answer.', operator: 'turnpike status says whether Redis is up; REDIS_URL says which it is.' },
  credential_unavailable: { means: 'The gateway could not fetch the token with which it calls the service.', operator: 'The cause in the log names the token server: does it answer, and are client id and secret the right ones?' },
  limits_unavailable: { means: 'Redis, where limits are counted, does not answer, and the route refuses without it.', operator: 'turnpike status says whether Redis is up. onStoreError "allow" lets requests through meanwhile.' },
  idempotency_unavailable: { means: 'Redis, where idempotency keys are kept, does not answer, so nothing was run.', operator: 'turnpike status says whether Redis is up.' },
  injected_fault: { means: 'fault of the route refuses a share of requests on purpose.', operator: 'Take fault out of the route when the trial is over.' },
  stage_unavailable: { means: 'An own stage of this gateway could not let the request pass, with a status of its own.', operator: 'The log names the stage and its reason: mostly something that it asks does not answer.' },
  draining: { means: 'This instance is stopping.', operator: 'Normal in a release. Where clients see it, the load balancer notices too late: raise DRAIN_DELAY.' },
  maintenance: { means: 'The route is closed: maintenance stands in its row.', operator: 'Take maintenance out of the route, and turnpike reload.' },
  connect_timeout: { means: 'The service has not accepted the connection within timeouts.connect.', operator: 'A firewall that drops, a dead machine, or a full backlog: nc -vz HOST PORT from here.' },
  headers_timeout: { means: 'The service has not begun to answer within its time.', operator: 'It is slow: turnpike status has its p99. Raise timeouts.headers of the route only where it needs to be that long.' },
  not_stored: { means: 'The client wants an answer from the cache alone, and there is none.', operator: 'Nothing to do: it asked for only-if-cached.' },
  idle_timeout: { means: 'The service has fallen silent in the middle.', operator: 'It hangs, or streams with long pauses: raise timeouts.idle of the route for those.' },
};

/** Who is to blame, in words. */
export const BLAMED: Readonly<Record<ErrorRow['source'], string>> = { client: 'the client', upstream: 'the service', gateway: 'the gateway' };

/** All that is to be told of a code. */
export function tellError(code: ErrorCode) {
  const { status, source, title, advice }: ErrorRow = ERRORS[code];
  const { means, operator } = ERROR_GUIDE[code];
  return { code, status, source, title, means, client: advice, operator };
}

/** All codes by their status. */
export function listCodes(): readonly ErrorCode[] {
  return (Object.keys(ERRORS) as ErrorCode[]).toSorted((a, b) => ERRORS[a].status - ERRORS[b].status);
}
