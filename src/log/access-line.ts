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
  readonly aborted: 'client' | 'upstream' | undefined;
  [LEVEL]: AccessLevel;
  [MESSAGE] = '';

  constructor(
    level: AccessLevel,
    context: RequestContext,
    endedAtMs: number,
    totalMs: number,
    status: number,
    source: ErrorSource | undefined,
    aborted: 'client' | 'upstream' | undefined,
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

/** A field whose value a client or a service may have chosen. */
const text = (name: string, value: string | undefined): string =>
  value === undefined || value === '' ? '' : `,"${name}":${JSON.stringify(value)}`;

const MAX_NAMES = 4_096;
const quotedNames = new Map<string, string>();

/** A field whose value the configuration names: there are few, so each is quoted once. */
function named(name: string, value: string | undefined): string {
  if (value === undefined || value === '') return '';
  let quoted = quotedNames.get(value);
  if (quoted === undefined) {
    quoted = JSON.stringify(value);
    if (quotedNames.size < MAX_NAMES) quotedNames.set(value, quoted);
  }
  return `,"${name}":${quoted}`;
}

/** A field whose value can hold no quote, backslash or control character: ours, checked or normalised before. */
const plain = (name: string, value: string | undefined): string =>
  value === undefined || value === '' ? '' : `,"${name}":"${value}"`;

/** Two decimals are ten microseconds: more would only be longer. */
const rounded = (ms: number): number => Math.round(ms * 100) / 100;

/** One line of JSON; fields that have nothing to say are left out. Written by hand: a third of JSON.stringify's time. */
export function renderAccessJson(record: AccessRecord): string {
  const { context, totalMs, status } = record;
  const agent = context.req.headers['user-agent'];
  let line = `{"time":"${isoTime(record.endedAtMs)}","level":"${record.level}","method":"${context.method}","path":${JSON.stringify(loggedPath(context))},"status":${status}`;
  line += plain('clientAddress', context.clientAddress);
  line += text(
    'userAgent',
    agent === undefined || agent.length <= MAX_AGENT_CHARS ? agent : agent.slice(0, MAX_AGENT_CHARS),
  );
  line += plain('requestId', context.requestId);
  if (context.correlationId !== context.requestId) line += plain('correlationId', context.correlationId);
  line += plain('traceparent', context.traceparent);
  line += named('route', context.route?.name);
  line += named('consumer', context.consumer?.name);
  line += text('subject', context.subject);
  line += plain('authMethod', context.authMethod);
  if (record.source !== undefined || context.errorCode !== undefined) line += renderError(record);
  line += `,"bytesIn":${context.bytesIn},"bytesOut":${context.bytesOut},"totalMs":${rounded(totalMs)},"gatewayMs":${rounded(gatewayMs(record))}`;
  if (context.attempts > 0) {
    line += `,"upstreamMs":${rounded(context.upstreamMs)},"attempts":${context.attempts}`;
    line += named('service', context.service);
    line += named('target', context.target);
    line += plain('outcome', context.outcome);
  }
  line += plain('cache', context.cache);
  const { limit, shadow } = context;
  if (limit !== undefined) line += `,"limit":${JSON.stringify(`${limit.policy} ${limit.remaining}/${limit.limit}`)}`;
  if (shadow !== undefined) line += `,"shadow":${JSON.stringify(shadow)}`;
  line += plain('aborted', record.aborted);
  return `${line}}`;
}

function renderError(record: AccessRecord): string {
  const { context, source, aborted } = record;
  const code = context.errorCode ?? (aborted === 'client' ? 'client_closed' : undefined);
  let part = plain('code', code) + plain('source', source) + text('detail', detailOf(record));
  if (context.nearestRoute !== undefined) part += text('nearestRoute', context.nearestRoute());
  const { cause } = context;
  // What a caller did wrong is in code and detail; the cause of our own and the services' faults is for the operator.
  if (source !== 'client' && cause instanceof Error)
    part += text('cause', redactText(source === 'gateway' ? (cause.stack ?? cause.message) : cause.message));
  return part;
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
