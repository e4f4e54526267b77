import type { AnswerFields } from '../sink.ts';
import { type Directives, parseDirectives, parseSeconds } from './directives.ts';
import { parseHttpDate } from './http-date.ts';
import { parseCacheTimeout } from './service-words.ts';
import { parseTargeted } from './targeted.ts';

/** What a route says of freshness; milliseconds. */
export interface FreshnessRules {
  /** Where the answer says nothing. */
  readonly ttl?: number | undefined;
  readonly staleWhileRevalidate?: number | undefined;
  readonly staleIfError?: number | undefined;
  /** Whether a lifetime may be guessed from `Last-Modified`. */
  readonly heuristic: boolean;
}

/** How long an answer may be used, and how; milliseconds. */
export interface Freshness {
  readonly lifetimeMs: number;
  /** Never used without asking the service (`no-cache`). */
  readonly isAlwaysAsked: boolean;
  /** Never used once it is stale (`must-revalidate`, `proxy-revalidate`, `s-maxage`). */
  readonly isStrict: boolean;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** An answer as a cache sees it. */
export interface Answered {
  readonly status: number;
  readonly fields: AnswerFields;
  /** When it was asked for, and when its head came (epoch ms). */
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  /** True where the request asked for a range. Default false. */
  readonly isToRange?: boolean;
}

/** What is to become of an answer. */
export interface Verdict extends Freshness {
  /** Whether it may be given to everybody who asks for it, whoever they are. */
  readonly isPublic: boolean;
  /** Fields that must not be given out again without asking (`no-cache="…"`). */
  readonly withheld: readonly string[];
}

/** Statuses whose meaning is known here, for `must-understand` (RFC 9111, section 5.2.2.3). */
const UNDERSTOOD = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 421, 451, 500, 501, 502, 503, 504,
]);
/** Statuses that a lifetime may be guessed for (RFC 9110, section 15.1). */
const GUESSABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);
/** Statuses that a route's `ttl` is for. */
const LASTING = new Set([200, 203, 204, 300, 301, 308]);
/**
 * Parts of an answer, what is none (RFC 9110, sections 15.3.7 and 15.4.5), and answers to fields of one request that are
 * not in the key: to its preconditions, its range, its body, its size.
 */
const NEVER = new Set([206, 304, 408, 411, 412, 413, 416, 417, 425, 431]);

const MAX_GUESS_MS = 24 * 60 * 60 * 1000;

/** Whether an answer may be stored, and how it may be used then; a reason where it may not (RFC 9111, section 3). */
export function judgeAnswer(answered: Answered, rules: FreshnessRules): Verdict | string {
  const { status, fields } = answered;
  const unfit = findUnfit(answered);
  if (unfit !== undefined) return unfit;
  const targeted = parseTargeted(fields['cdn-cache-control']);
  const said = targeted ?? parseDirectives(fields['cache-control']);
  const forbidding = findForbidding(said, status);
  if (forbidding !== undefined) return forbidding;
  const explicitMs = explicitLifetimeMs(answered, said, targeted !== undefined);
  // A targeted field stands in place of all others, and lifts what they forbid by what it says itself alone.
  const mayGuess =
    targeted === undefined || findForbidding(parseDirectives(fields['cache-control']), status) === undefined;
  const lifetimeMs = explicitMs ?? (mayGuess ? unsaidLifetimeMs(answered, said, rules) : undefined);
  if (lifetimeMs === undefined) return 'no freshness';
  const freshness = freshnessOf(said, lifetimeMs, rules);
  const isOfUse = freshness.isAlwaysAsked
    ? hasValidator(fields)
    : lifetimeMs > 0 || hasValidator(fields) || freshness.staleIfErrorMs > 0;
  if (!isOfUse) return 'stale from the beginning';
  return { ...freshness, isPublic: said.has('public'), withheld: said.fieldNames('no-cache') };
}

/** What is never stored, whatever is said of it. */
function findUnfit({ status, fields, isToRange = false }: Answered): string | undefined {
  if (status < 200 || NEVER.has(status)) return `status ${status}`;
  const type = String(fields['content-type']).trimStart().toLowerCase();
  // Of an answer to anything else they mean nothing (RFC 9110, section 14.4).
  if (isToRange && (fields['content-range'] !== undefined || type.startsWith('multipart/byteranges'))) return 'a part';
  if (fields['set-cookie'] !== undefined || fields['set-cookie2'] !== undefined) return 'Set-Cookie';
  return type.startsWith('text/event-stream') ? 'a stream of events' : undefined;
}

/** RFC 9111, sections 5.2.2.3, 5.2.2.5 and 5.2.2.7; `private` with a list of fields is taken for one without. */
function findForbidding(said: Directives, status: number): string | undefined {
  if (said.has('private')) return 'private';
  if (said.has('must-understand')) return UNDERSTOOD.has(status) ? undefined : `must-understand, with status ${status}`;
  return said.has('no-store') ? 'no-store' : undefined;
}

function freshnessOf(said: Directives, lifetimeMs: number, rules: FreshnessRules): Freshness {
  const isAlwaysAsked = said.isUnqualified('no-cache');
  const isStrict = said.has('must-revalidate') || said.has('proxy-revalidate') || said.has('s-maxage');
  const allowedMs = (name: string, otherwise = 0): number => {
    if (isStrict || isAlwaysAsked) return 0;
    const seconds = said.seconds(name);
    return seconds === undefined ? otherwise : seconds * 1000;
  };
  return {
    lifetimeMs: isAlwaysAsked ? 0 : lifetimeMs,
    isAlwaysAsked,
    isStrict,
    staleWhileRevalidateMs: allowedMs('stale-while-revalidate', rules.staleWhileRevalidate),
    staleIfErrorMs: allowedMs('stale-if-error', rules.staleIfError),
  };
}

/**
 * The lifetime that the service has given it (RFC 9111, section 4.2.1): undefined where it has given none, 0 where what
 * it says is none. A targeted field stands in place of all others (RFC 9213, section 2.1).
 */
function explicitLifetimeMs(
  { fields, answeredAtMs }: Answered,
  said: Directives,
  isTargeted: boolean,
): number | undefined {
  const shared = said.seconds('s-maxage');
  if (shared !== undefined) return shared * 1000;
  const timeoutMs = isTargeted ? undefined : parseCacheTimeout(fields['x-cache-timeout']);
  if (timeoutMs !== undefined) return timeoutMs;
  const seconds = said.seconds('max-age');
  if (seconds !== undefined) return seconds * 1000;
  if (!isTargeted && fields['expires'] !== undefined) return expiresInMs(fields, answeredAtMs);
  return said.has('no-cache') ? 0 : undefined;
}

function expiresInMs({ expires, date }: AnswerFields, nowMs: number): number {
  const expiresAtMs = parseHttpDate(expires, nowMs);
  if (expiresAtMs === undefined) return 0;
  return Math.max(0, expiresAtMs - (parseHttpDate(date, nowMs) ?? nowMs));
}

/** Where the service has said nothing: what the route says, or a guess where it asks for one (RFC 9111, section 4.2.2). */
function unsaidLifetimeMs(
  { status, fields, answeredAtMs }: Answered,
  said: Directives,
  rules: FreshnessRules,
): number | undefined {
  if (rules.ttl !== undefined && LASTING.has(status)) return rules.ttl;
  const modifiedAtMs = parseHttpDate(fields['last-modified'], answeredAtMs);
  if (rules.heuristic && modifiedAtMs !== undefined && (GUESSABLE.has(status) || said.has('public'))) {
    const dateMs = parseHttpDate(fields['date'], answeredAtMs) ?? answeredAtMs;
    return Math.min(MAX_GUESS_MS, Math.max(0, (dateMs - modifiedAtMs) / 10));
  }
  return said.has('public') || said.has('must-revalidate') ? 0 : undefined;
}

function hasValidator({ etag, 'last-modified': modified }: AnswerFields): boolean {
  return typeof etag === 'string' || typeof modified === 'string';
}

/** When an answer would have been made that is as old as this one when it came (RFC 9111, section 4.2.3); epoch ms. */
export function bornAtMs({ fields, askedAtMs, answeredAtMs }: Answered): number {
  const dateMs = parseHttpDate(fields['date'], answeredAtMs) ?? answeredAtMs;
  // Dates have whole seconds: half of one that is gone is none.
  const apparentMs = Math.max(0, Math.floor((answeredAtMs - dateMs) / 1000) * 1000);
  const correctedMs = readAgeSeconds(fields['age']) * 1000 + (answeredAtMs - askedAtMs);
  return answeredAtMs - Math.max(apparentMs, correctedMs);
}

/** The first value counts, and what is no number is none (RFC 9111, section 5.1). */
function readAgeSeconds(field: AnswerFields[string]): number {
  const [first = ''] = [field ?? ''].flat();
  return parseSeconds(first.split(',', 1)[0]?.trim()) ?? 0;
}
