import type { RequestContext } from '../context.ts';
import { ERRORS, type ErrorSource } from '../errors.ts';
import { redactQuery, redactText } from '../lib/redact.ts';

/** winston reads the level and the finished line under these names. */
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

export type AccessLevel = 'error' | 'warn' | 'info';

/** What the access log says of one request that has ended: winston's record, with the request itself inside. */
export class AccessRecord {
  readonly level: AccessLevel;
  /** winston wants one; the line is under `Symbol.for('message')`. */
  readonly message = '';
  #context: RequestContext | undefined;
  /** Epoch milliseconds when the request ended. */
  readonly endedAtMs: number;
  readonly totalMs: number;
  /** As sent, or 499 when the client left before the answer was complete. */
  readonly status: number;
  /** Who caused an answer of 400 and above, or broke it off. */
  readonly source: ErrorSource | undefined;
  /** Who broke the answer off before its end. */
  readonly aborted: 'client' | 'upstream' | 'gateway' | undefined;
  [LEVEL]: AccessLevel;
  [MESSAGE] = '';

  constructor(
    level: AccessLevel,
    context: RequestContext,
    endedAtMs: number,
    totalMs: number,
    status: number,
    source: ErrorSource | undefined,
    aborted: 'client' | 'upstream' | 'gateway' | undefined,
  ) {
    this.level = level;
    this[LEVEL] = level;
    this.#context = context;
    this.endedAtMs = endedAtMs;
    this.totalMs = totalMs;
    this.status = status;
    this.source = source;
    this.aborted = aborted;
  }

  /** The request that this tells of, until `release`. */
  get context(): RequestContext {
    if (this.#context === undefined) throw new Error('the line of this request has been written');
    return this.#context;
  }

  /**
   * Lets go of the request once its line is rendered. winston's streams keep every record in a linked list: a dead one
   * of the old generation keeps its successors alive, requests and all, until the next full collection (winston 3.19,
   * readable-stream 3).
   */
  release(): void {
    this.#context = undefined;
  }
}

/** What a client chose is cut to this many characters. */
const MAX_PATH_CHARS = 2048;
const MAX_AGENT_CHARS = 256;

let isoAtMs = 0;
let iso = '';

/** The last one is remembered: many requests end within a millisecond. */
export function isoTime(ms: number): string {
  if (ms !== isoAtMs) {
    isoAtMs = ms;
    iso = new Date(ms).toISOString();
  }
  return iso;
}

/** The path as it was matched, or as it came when it could not be read, with the secrets of its query replaced. */
export function loggedPath(context: RequestContext): string {
  let { path, query } = context;
  if (path === '') {
    const url = context.req.url ?? '';
    const mark = url.indexOf('?');
    path = mark < 0 ? url : url.slice(0, mark);
    query = mark < 0 ? '' : url.slice(mark);
  }
  const whole = query === '' ? path : path + redactQuery(query, context.route?.credentialParameter);
  return whole.length <= MAX_PATH_CHARS ? whole : `${whole.slice(0, MAX_PATH_CHARS)}…`;
}

/** Two decimals are ten microseconds: more would only be longer. */
const rounded = (ms: number): number => Math.round(ms * 100) / 100;

/** One line of JSON; fields that have nothing to say are left out. */
export function renderAccessJson(record: AccessRecord): string {
  const { context, totalMs } = record;
  const wasSent = context.attempts > 0;
  const hasFault = record.source !== undefined || context.errorCode !== undefined;
  // What a caller did wrong is in code and detail; the cause of our own and the services' faults is for the operator.
  const isForOperator = hasFault && record.source !== 'client';
  return JSON.stringify({
    time: isoTime(record.endedAtMs),
    level: record.level,
    method: context.method,
    path: loggedPath(context),
    status: record.status,
    clientAddress: orNone(context.clientAddress),
    userAgent: orNone(context.req.headers['user-agent']?.slice(0, MAX_AGENT_CHARS)),
    requestId: orNone(context.requestId),
    correlationId: correlationOf(context),
    traceparent: orNone(context.traceparent),
    route: orNone(context.route?.name),
    consumer: orNone(context.consumer?.name),
    subject: orNone(context.subject),
    issuer: context.tellsIssuer ? orNone(context.issuer) : undefined,
    authMethod: orNone(context.authMethod),
    code: hasFault ? faultCode(record) : undefined,
    source: record.source,
    detail: hasFault ? detailOf(record) : undefined,
    nearestRoute: hasFault ? context.nearestRoute?.() : undefined,
    cause: isForOperator ? faultCause(record) : undefined,
    bytesIn: context.bytesIn,
    bytesOut: context.bytesOut,
    totalMs: rounded(totalMs),
    gatewayMs: rounded(gatewayMs(record)),
    upstreamMs: wasSent ? rounded(context.upstreamMs) : undefined,
    attempts: wasSent ? context.attempts : undefined,
    service: wasSent ? orNone(context.service) : undefined,
    target: wasSent ? orNone(context.target) : undefined,
    outcome: wasSent ? orNone(context.outcome) : undefined,
    cache: orNone(context.cache),
    limit: limitText(context),
    shadow: context.shadow,
    aborted: record.aborted,
  });
}

/** JSON leaves out what is undefined. */
const orNone = <T extends string>(value: T | undefined): T | undefined => (value === '' ? undefined : value);

/** Where it says more than the request ID. */
function correlationOf({ requestId, correlationId }: RequestContext): string | undefined {
  return correlationId === requestId ? undefined : orNone(correlationId);
}

function limitText({ limit }: RequestContext): string | undefined {
  return limit === undefined ? undefined : `${limit.policy} ${limit.remaining}/${limit.limit}`;
}

function faultCode({ context, aborted }: AccessRecord): string | undefined {
  return context.errorCode ?? (aborted === 'client' ? 'client_closed' : undefined);
}

function faultCause({ context: { cause }, source }: AccessRecord): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return orNone(redactText(source === 'gateway' ? (cause.stack ?? cause.message) : cause.message));
}

const DENIED = new Set([401, 403]);

/** What is said of a fault beyond its code, without secrets; of who was denied, in any case. */
export function detailOf({ context, source, status }: AccessRecord): string | undefined {
  const { errorCode, errorDetail } = context;
  if (errorCode === undefined || errorDetail === undefined) return undefined;
  if (source === 'client' && !DENIED.has(status) && errorDetail === ERRORS[errorCode].advice) return undefined;
  return redactText(errorDetail);
}

/** The gateway's own share: the whole less the time spent waiting for services. */
export function gatewayMs({ totalMs, context }: AccessRecord): number {
  const answerMs = context.upgradedAtMs === 0 ? totalMs : context.upgradedAtMs - context.startedAtMs;
  return answerMs > context.upstreamMs ? answerMs - context.upstreamMs : 0;
}
