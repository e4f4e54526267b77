import { connectionNames } from '../lib/connection-names.ts';
import { isOneHop } from '../lib/header-filter.ts';
import type { AnswerFields } from '../sink.ts';
import { type Answered, bornAtMs, type Freshness, type Verdict } from './freshness.ts';
import type { RequestTerms } from './request-terms.ts';
import { SERVICE_WORDS } from './service-words.ts';

/** A stored answer. Never changed; one that is freshened is another one. */
export interface Entry extends Freshness {
  readonly status: number;
  readonly fields: AnswerFields;
  readonly body: Buffer;
  /** When it was asked for (epoch ms): what was purged since then is not given out. */
  readonly askedAtMs: number;
  /** Its age counts from here (epoch ms). */
  readonly bornAtMs: number;
  /** Name of its route. */
  readonly route: string;
  /** Its path and query, as the client knows them, for purges by pattern. */
  readonly path: string;
  readonly tags: readonly string[];
}

/** What is of one connection or one request, and so is not kept (RFC 9111, section 3.1). */
const NOT_KEPT = new Set<string>([
  ...SERVICE_WORDS,
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'age',
  'x-cache',
  'content-length',
  'x-request-id',
  'x-correlation-id',
]);

/** What a 304 must not change, since it is about the body that is kept (RFC 9111, section 3.2; RFC 9530 for digests). */
const OF_THE_BODY = new Set([
  'content-length',
  'content-encoding',
  'content-range',
  'transfer-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
]);

/** The fields of an answer that are kept. Services choose the names: one that would set a prototype is none. */
export function keptFields(fields: AnswerFields, withheld: readonly string[], answeredAtMs: number): AnswerFields {
  const kept: Record<string, string | string[] | undefined> = {};
  const named = connectionNames(fields['connection']);
  for (const name in fields) {
    if (
      name === '__proto__' ||
      NOT_KEPT.has(name) ||
      isOneHop(name) ||
      named?.has(name) === true ||
      withheld.includes(name)
    )
      continue;
    kept[name] = fields[name];
  }
  // Without one, nobody after us could tell how old it is (RFC 9110, section 6.6.1).
  kept['date'] ??= new Date(answeredAtMs).toUTCString();
  return kept;
}

/** The fields of a stored answer after a 304, or after the answer to a HEAD (RFC 9111, sections 3.2 and 4.3.4). */
export function freshenedFields(stored: AnswerFields, update: AnswerFields): AnswerFields {
  const fields: Record<string, string | string[] | undefined> = { ...stored };
  for (const name in update) if (name !== '__proto__' && !OF_THE_BODY.has(name)) fields[name] = update[name];
  return fields;
}

export function createEntry(
  answered: Answered,
  verdict: Verdict,
  rest: Pick<Entry, 'body' | 'route' | 'path' | 'tags'>,
): Entry {
  const { isPublic: _, withheld, ...freshness } = verdict;
  const { status, fields, askedAtMs, answeredAtMs } = answered;
  return {
    ...freshness,
    ...rest,
    status,
    fields: keptFields(fields, withheld, answeredAtMs),
    askedAtMs,
    bornAtMs: bornAtMs(answered),
  };
}

/** Milliseconds that an entry is still fresh for; below 0 where it is stale. */
export function freshForMs({ bornAtMs: born, lifetimeMs }: Entry, nowMs: number): number {
  return lifetimeMs - ageMs({ bornAtMs: born }, nowMs);
}

export function ageMs({ bornAtMs: born }: Pick<Entry, 'bornAtMs'>, nowMs: number): number {
  return Math.max(0, nowMs - born);
}

/** What may be done with an entry. `request`: it is fresh, but the client asks for more than that. */
export type Use = 'fresh' | 'stale' | 'stale-while-revalidate' | 'ask:stale' | 'ask:request';

/** RFC 9111, sections 4.2 and 5.2.1; RFC 5861, section 3. */
export function useOf(entry: Entry, terms: RequestTerms, nowMs: number): Use {
  const leftMs = freshForMs(entry, nowMs);
  if (terms.noCache) return 'ask:request';
  if (entry.isAlwaysAsked) return 'ask:stale';
  const isYoung = ageMs(entry, nowMs) <= terms.maxAgeMs;
  if (leftMs > 0) return isYoung && leftMs >= terms.minFreshMs ? 'fresh' : 'ask:request';
  if (!isYoung || terms.minFreshMs > 0) return 'ask:stale';
  if (-leftMs < entry.staleWhileRevalidateMs) return 'stale-while-revalidate';
  return !entry.isStrict && -leftMs < terms.maxStaleMs ? 'stale' : 'ask:stale';
}

/** Whether it may be given out although the service could not be asked, or has failed (RFC 5861, section 4). */
export function isGoodInError(entry: Entry, terms: RequestTerms, nowMs: number): boolean {
  if (entry.isStrict || entry.isAlwaysAsked || terms.noCache) return false;
  const staleMs = -freshForMs(entry, nowMs);
  return staleMs < Math.max(entry.staleIfErrorMs, terms.staleIfErrorMs);
}

/** How long it can be of any use (milliseconds from its birth): while it is fresh or usable stale, or can be validated. */
export function usefulForMs({ lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs, fields }: Entry): number {
  const isValidatable = fields['etag'] !== undefined || fields['last-modified'] !== undefined;
  return lifetimeMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs, isValidatable ? VALIDATABLE_MS : STALE_MS);
}

/** A stale answer is kept for so long: for clients that take it as it is, */
const STALE_MS = 60 * 1000;
/** and where the service can say that it is still good, and need not send it again. */
const VALIDATABLE_MS = 60 * 60 * 1000;
