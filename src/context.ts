import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestBody } from './body/request-body.ts';
import { type ErrorCode, type ErrorSource, type GatewayError, type NearestRoute, PROBLEM_BASE } from './errors.ts';
import type {
  AttemptOutcome,
  Consumer,
  Decision,
  ErrorPage,
  Guardian,
  LimitState,
  RequestSpan,
  RouteIdentity,
  UnderWay,
  WebSocketTerms,
} from './facts.ts';
import { qualify } from './lib/qualify.ts';
import { type Answerer, NOWHERE, type SinkOf } from './sink.ts';

/** Where the answer to a request goes. */
export type Sink = SinkOf<RequestContext>;

/** A request for an upgrade (RFC 9110, section 7.8), as the server hands it over. */
export interface UpgradeRequest {
  readonly socket: Duplex;
  /** What the client has sent after its request head. */
  readonly head: Buffer;
  /** Ends the request; called once, by whoever took the connection over, when that is gone. */
  readonly ended: (context: RequestContext) => void;
}

/** The bodies of errors in the words of the file. */
export interface ErrorPages {
  /** True where what is answered depends on Accept. */
  readonly varies: boolean;
  /** Undefined where the file has none for this error and this client. */
  find(context: RequestContext, error: GatewayError): ErrorPage | undefined;
}

/**
 * Everything the gateway knows about one request; made at the door, read by every stage, and by the log line last.
 * A class, so that all requests share one hidden class: fields are declared in one order and never deleted.
 */
export class RequestContext {
  /** An open WebSocket has a stand-in for each, with what the log line needs: see upstream/websocket/websocket.ts. */
  req: IncomingMessage;
  /** The connection's response. Answers go through `sink`; this is for Express and for the end of the request. */
  res: ServerResponse;
  /** Where whoever answers sends the head, the body and the end. */
  sink: Sink;
  /** `performance.now()` when the request came in: for durations. */
  readonly startedAtMs: number;
  readonly method: string;
  /** `performance.now()` when the request became a WebSocket; 0 when it did not. From then on it lives by its own rules. */
  upgradedAtMs = 0;

  // Where it goes
  /** The normalised path that was matched; what is matched is what is forwarded. */
  path = '';
  /** What is forwarded instead on a route with `path: "raw"`: the path as it came, proven to select the same route. */
  rawPath: string | undefined = undefined;
  /** The query with its `?`, or an empty string. */
  query = '';
  /** What is forwarded instead, where a route edits it; its secrets are nobody's else. */
  editedQuery: string | undefined = undefined;
  route: RouteIdentity | undefined = undefined;
  /** How much of `path` the matched prefix covers. */
  prefixLength = 0;
  /** `http` or `https`, as the client sees it. */
  scheme: 'http' | 'https' = 'http';
  /** Values of the `:name` segments. */
  params: Readonly<Record<string, string>> | undefined = undefined;
  /** Why no route takes this request; the implicit route answers with it. */
  refusal: GatewayError | undefined = undefined;
  /** The connection of a request for an upgrade, which no ordinary answer has used yet. */
  upgrade: UpgradeRequest | undefined = undefined;
  /** What the route says of WebSockets, when this request may become one. */
  websocket: WebSocketTerms | undefined = undefined;

  // Who asks
  /** Address of the other end of the socket. */
  peerAddress = '';
  /** Whether TRUST_PROXY covers the peer, so that its X-Forwarded-* count. */
  peerTrusted = false;
  /** Address of the client, computed once from TRUST_PROXY. */
  clientAddress = '';
  requestId = '';
  correlationId = '';
  /** W3C Trace Context of our span, as sent to the service. */
  traceparent = '';
  span: RequestSpan | undefined = undefined;
  consumer: Consumer | undefined = undefined;
  /** Subject of a verified token; unique for its issuer alone, see `userKey`. */
  subject: string | undefined = undefined;
  /** Who says so: the issuer of the token; undefined for the one that has no name. */
  issuer: string | undefined = undefined;
  /** True where there is more than one issuer, so that a subject alone doesn't say whose it is. */
  tellsIssuer = false;
  roles: readonly string[] = NONE;
  scopes: readonly string[] = NONE;
  claims: Readonly<Record<string, unknown>> | undefined = undefined;
  plan: string | undefined = undefined;
  /** `api-key`, `jwt`, or both joined with `+`. */
  authMethod: string | undefined = undefined;
  /** When the credential stops being valid (epoch ms), if it does: closes WebSockets. */
  credentialExpiresAtMs: number | undefined = undefined;

  // Towards the service: names and values by turns, safe to send as they are
  upstreamHeaders: string[] = [];
  /** Largest body this route takes, in bytes; known from the match on. */
  maxBodyBytes = Number.POSITIVE_INFINITY;
  /** Milliseconds that the reader of the answer may stand still; a service's answer has its route's time. */
  idleMs = 5_000;
  /** What its GraphQL costs, where a guard has looked at it. */
  queryCost: number | undefined = undefined;
  /** The request's body, once somebody has asked for it: see body/body-of.ts. */
  body: RequestBody | undefined = undefined;

  // Towards the client: fixed arrays compiled with the snapshot, and what was decided for this one request
  corsHeaders: readonly string[] = NONE;
  /** What the CORS headers depend on, merged into `Vary`; empty when they don't vary. */
  corsVary = '';
  /** True when CORS is the gateway's on this route: the service's own Access-Control-* are dropped. */
  ownsCors = false;
  /** helmet's headers for a service's answer; a service's own value stands. */
  securityHeaders: readonly string[] = NONE;
  /** Header fields decided for this request alone (RateLimit and such). */
  extraHeaders: string[] | undefined = undefined;

  /** What the `type` of problems begins with. */
  errorsUrl: string = PROBLEM_BASE;
  /** What stands in the place of problems' own bodies. */
  errorPages: ErrorPages | undefined = undefined;

  // What became of it
  /** Status of the answer; 0 while no head has been sent. */
  status = 0;
  /** `performance.now()` when that head was sent; 0 until then. */
  headAtMs = 0;
  /** Whose answer was sent. */
  answerer: Answerer | undefined = undefined;
  /** True when all of the answer has left; known when the request ends. */
  isWhole = false;
  /** `performance.now()` when all of the answer was sent, where the request goes on after it; else it ends with that. */
  answeredAtMs: number | undefined = undefined;
  errorCode: ErrorCode | undefined = undefined;
  errorDetail: string | undefined = undefined;
  /** Name of the stage that refused it, where a stage did. */
  refusedBy: string | undefined = undefined;
  /** Who caused an answer of 400 and above. */
  errorSource: ErrorSource | undefined = undefined;
  /** The cause behind an error, for the log alone. */
  cause: unknown = undefined;
  /** Finds the route that a path was probably meant for, where it matched none; for the log alone. */
  nearestRoute: (() => NearestRoute | undefined) | undefined = undefined;
  limit: LimitState | undefined = undefined;
  /** What was done to it on purpose, for a trial: `delay`, `abort` or `delay+abort`. */
  fault: string | undefined = undefined;
  /** What shadowed stages would have refused, `stage:code` with spaces between. */
  shadow: string | undefined = undefined;
  attempts = 0;
  service: string | undefined = undefined;
  /** URL of the target that was asked last. */
  target: string | undefined = undefined;
  outcome: AttemptOutcome | undefined = undefined;
  /** Milliseconds spent waiting for the service: sum over attempts, up to the response headers. */
  upstreamMs = 0;
  /** Operations of GraphQL, or calls of MCP with their names, that it asks for; with a space between those of a batch. */
  operation: string | undefined = undefined;
  /** `hit`, `miss`, `stale` and so on, where a cache took part. */
  cache: string | undefined = undefined;
  /** True once the client is answered from the store, while the service is asked anew: that is told to `sink` alone. */
  goesOnBehind = false;
  bytesIn = 0;
  bytesOut = 0;

  /** The request that this one is a part of, in process. */
  parent: RequestContext | undefined = undefined;
  /** Which part of it; of a part of a part both names, with a dot between. */
  part: string | undefined = undefined;

  // When the connection closes or the answer is complete
  /** Ends what the request still has under way at a service; set by the last stage. */
  abort: UnderWay | undefined = undefined;
  /** True once a byte of it may have reached a service. */
  isSent = false;
  /** True where a service tells repetitions apart, so that any method may be repeated. */
  isRepeatable = false;
  /** Hears of the end before the log line is written; set by whoever has promised what becomes of the request. */
  guardian: Guardian | undefined = undefined;
  /** Writes the log line and counts; set by the access log. Called once, last of all. */
  end: ((context: RequestContext) => void) | undefined = undefined;
  /** Told that it is an open WebSocket, before what its request was made of is let go. */
  opened: ((context: RequestContext) => void) | undefined = undefined;

  /** What its client address has in flight, this request among it; undefined where that is not bounded. */
  places: { leave(): void } | undefined = undefined;
  /** The snapshot that it walks, which its parts walk too, whatever is reloaded meanwhile. */
  snapshot: object | undefined = undefined;
  /** Tells the snapshot that one request less needs it; set by the gateway. */
  snapshotDone: (() => void) | undefined = undefined;
  /** Where it stands among those under way. */
  openAt = -1;
  /** True when nothing may be consumed, written or sent. */
  dryRun = false;
  /** True where a dry run may ask those who are asked about callers. */
  mayAsk = false;
  trace: Decision[] | undefined = undefined;

  constructor(req: IncomingMessage, res: ServerResponse, sink: Sink = NOWHERE) {
    this.req = req;
    this.res = res;
    this.sink = sink;
    this.startedAtMs = performance.now();
    this.method = req.method ?? 'GET';
  }

  /** The user among those of all issuers: whatever is counted or kept by user is kept under this name. */
  get userKey(): string | undefined {
    return this.subject === undefined ? undefined : qualify(this.issuer, this.subject);
  }

  /** Adds a header field to the answer, whoever writes it. */
  addHeader(name: string, value: string): void {
    if (this.extraHeaders === undefined) this.extraHeaders = [name, value];
    else this.extraHeaders.push(name, value);
  }
}

const NONE: readonly never[] = Object.freeze([]);

const kContext = Symbol('turnpike.context');

/** True for the key of the context at its request, which is shown to nobody. */
export function isContextKey(key: PropertyKey): boolean {
  return key === kContext;
}

type WithContext = { [kContext]?: RequestContext };

export function attachContext(req: IncomingMessage, context: RequestContext): void {
  (req as WithContext)[kContext] = context;
}

/** The context of a request that came through the gateway's door; throws for any other. */
export function contextOf(req: IncomingMessage): RequestContext {
  const context = (req as WithContext)[kContext];
  if (context === undefined) throw new Error('this request did not come through the gateway');
  return context;
}
