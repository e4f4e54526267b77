import type { RequestContext } from '../context.ts';
import { ERRORS } from '../errors.ts';
import { lapsedKeyOf } from '../lapsed-key.ts';
import type { HiddenValues } from '../lib/hidden-values.ts';
import { isoTime } from '../lib/iso-time.ts';
import { REDACTED, redactPath, redactQuery, redactText, redactWord } from '../lib/redact.ts';
import { traceIdOf } from '../lib/trace-context.ts';
import { tokensOf } from '../token-count.ts';
import type { AccessRecord } from './access-record.ts';

/** What a client chose is cut to this many characters. */
const MAX_PATH_CHARS = 2048;
const MAX_AGENT_CHARS = 256;

/** The path as it was matched, or as it came when it could not be read, with the secrets of its query replaced. */
export function loggedPath(context: RequestContext, hidden?: HiddenValues): string {
  let { path, query } = context;
  if (path === '') {
    const url = context.req.url ?? '';
    const mark = url.indexOf('?');
    path = mark < 0 ? url : url.slice(0, mark);
    query = mark < 0 ? '' : url.slice(mark);
  }
  // Hidden first: of a secret that is an address, redacting would take a part and leave the rest.
  if (hidden !== undefined && mayHoldSecret(context)) {
    path = hidden.hide(path);
    query = hidden.hide(query);
  }
  const shown = redactPath(path) + shownQuery(context, query, hidden);
  return shown.length <= MAX_PATH_CHARS ? shown : `${shown.slice(0, MAX_PATH_CHARS)}…`;
}

function shownQuery({ route }: RequestContext, query: string, hidden: HiddenValues | undefined): string {
  if (query === '') return '';
  return route?.hidesQuery === true ? `?${REDACTED}` : redactQuery(query, hidden?.places.parameters);
}

/** Paths of few routes hold a secret of the file; of a path that no route took, nobody knows whose it was meant to be. */
function mayHoldSecret({ route, errorCode, parent }: RequestContext): boolean {
  // Where a part leads stands in the file.
  return route === undefined || route.hasSecretPath === true || errorCode !== undefined || parent !== undefined;
}

/** Two decimals are ten microseconds: more would only be longer. */
const rounded = (ms: number): number => Math.round(ms * 100) / 100;

/** One line of JSON; fields that have nothing to say are left out. */
export function renderAccessJson(record: AccessRecord, hidden?: HiddenValues): string {
  const { context, totalMs } = record;
  const wasSent = context.attempts > 0;
  const hasFault = record.source !== undefined || context.errorCode !== undefined;
  // What a caller did wrong is in code and detail; the cause of our own and the services' faults is for the operator.
  const isForOperator = hasFault && record.source !== 'client';
  return JSON.stringify({
    time: isoTime(record.endedAtMs),
    level: record.level,
    method: context.method,
    path: loggedPath(context, hidden),
    status: record.status,
    clientAddress: orNone(context.clientAddress),
    userAgent: agentOf(context),
    requestId: orNone(redactWord(context.requestId)),
    correlationId: correlationOf(context),
    part: context.part,
    traceparent: orNone(context.traceparent),
    traceId: orNone(traceIdOf(context.traceparent)),
    route: orNone(context.route?.name),
    consumer: orNone(labelOf(context.consumer?.name, hidden)),
    subject: orNone(context.subject),
    issuer: context.tellsIssuer ? orNone(labelOf(context.issuer, hidden)) : undefined,
    authMethod: orNone(context.authMethod),
    code: hasFault ? faultCode(record) : undefined,
    source: record.source,
    detail: hasFault ? detailOf(record, hidden) : undefined,
    ...(hasFault ? lapsedKey(context, hidden) : undefined),
    ...(hasFault ? missedRoute(record, hidden) : undefined),
    cause: isForOperator ? faultCause(record, hidden) : undefined,
    bytesIn: bytesInOf(context),
    bytesOut: context.bytesOut,
    totalMs: rounded(totalMs),
    gatewayMs: rounded(gatewayMs(record)),
    upstreamMs: wasSent ? rounded(context.upstreamMs) : undefined,
    attempts: wasSent ? context.attempts : undefined,
    service: orNone(context.service),
    target: wasSent ? orNone(labelOf(context.target, hidden)) : undefined,
    outcome: wasSent ? orNone(context.outcome) : undefined,
    operation: operationOf(context),
    cache: orNone(context.cache),
    limit: limitText(context),
    ...tokensIn(context),
    fault: context.fault,
    shadow: context.shadow,
    aborted: record.aborted,
    sampleRate: record.sampleRate,
    trace: context.trace?.map(({ stage, decision }) => clean(`${stage}: ${decision}`, hidden)),
  });
}

const clean = (text: string, by?: HiddenValues) => redactText(by?.hide(text) ?? text, by?.places.parameters);

/** Whose key it was that has ended, so that they can be told. */
function lapsedKey(context: RequestContext, hidden: HiddenValues | undefined) {
  const key = lapsedKeyOf(context);
  return key && { keyOwner: labelOf(key.consumer, hidden), keyId: labelOf(key.keyId, hidden) };
}

/** Longest name that DNS has, and a port. */
const MAX_HOST_CHARS = 261;

/** Of what no route took: the host that it was for, which decides too, and the route that was probably meant. */
function missedRoute({ context }: AccessRecord, hidden: HiddenValues | undefined) {
  const nearest = context.nearestRoute?.();
  const { host } = context.req.headers;
  return {
    host:
      context.errorCode === 'not_found' && host !== undefined
        ? labelOf(redactWord(host.slice(0, MAX_HOST_CHARS)), hidden)
        : undefined,
    nearestRoute: labelOf(nearest?.prefix, hidden),
    nearestWants: nearest?.wants,
  };
}

/** JSON leaves out what is undefined. */
const orNone = <T extends string>(value: T | undefined): T | undefined => (value === '' ? undefined : value);

/** A word of the configuration, without its secrets. */
export function labelOf(text: string | undefined, hidden: HiddenValues | undefined): string | undefined {
  return hidden === undefined ? text : hidden.label(text);
}

export function agentOf({ req }: RequestContext): string | undefined {
  const agent = req.headers['user-agent'];
  return agent === undefined ? undefined : orNone(redactWord(agent).slice(0, MAX_AGENT_CHARS));
}

/** Where it says more than the request ID. */
function correlationOf({ requestId, correlationId }: RequestContext): string | undefined {
  return correlationId === requestId ? undefined : orNone(redactWord(correlationId));
}

/** What was forwarded; of a request that the gateway refused, what it had read by then. */
function bytesInOf({ bytesIn, body }: RequestContext): number {
  return bytesIn === 0 && body !== undefined ? body.bytes : bytesIn;
}

export function operationOf({ operation }: RequestContext): string | undefined {
  return operation === undefined ? undefined : orNone(redactWord(operation));
}

/** What a language model has used, and whether it said so or the gateway has estimated some of it. */
function tokensIn(context: RequestContext) {
  const count = tokensOf(context);
  if (count === undefined) return undefined;
  return { tokensIn: count.input, tokensOut: count.output, tokens: count.isTold ? 'told' : 'estimated' };
}

export function limitText({ limit }: RequestContext): string | undefined {
  return limit === undefined ? undefined : `${limit.policy} ${limit.remaining}/${limit.limit}`;
}

function faultCode({ context, aborted }: AccessRecord): string | undefined {
  return context.errorCode ?? (aborted === 'client' ? 'client_closed' : undefined);
}

/** Where a bug was thrown is worth its lines; where a rule of the file failed, or who did not answer, is not. */
function faultCause({ context: { cause, errorCode } }: AccessRecord, hidden?: HiddenValues): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const told = errorCode === 'internal' ? (cause.stack ?? cause.message) : cause.message;
  return orNone(clean(told, hidden));
}

const DENIED = new Set([401, 403]);

/** What is said of a fault beyond its code, without secrets; of who was denied, in any case. */
export function detailOf({ context, source, status }: AccessRecord, hidden?: HiddenValues): string | undefined {
  const { errorCode, errorDetail } = context;
  if (errorCode === undefined || errorDetail === undefined) return undefined;
  if (source === 'client' && !DENIED.has(status) && errorDetail === ERRORS[errorCode].advice) return undefined;
  return clean(errorDetail, hidden);
}

/**
 * The gateway's own share: until the head of the answer was sent, less the time spent waiting for services. How long the
 * body then takes is up to the service and the client.
 */
export function gatewayMs({ totalMs, context }: AccessRecord): number {
  const headAtMs = context.upgradedAtMs === 0 ? context.headAtMs : context.upgradedAtMs;
  const answerMs = headAtMs === 0 ? totalMs : headAtMs - context.startedAtMs;
  return answerMs > context.upstreamMs ? answerMs - context.upstreamMs : 0;
}
