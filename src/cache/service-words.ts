import type { FieldValue } from './directives.ts';
import { splitElements } from './directives.ts';

/** Fields by which services steer the cache of k-fastify-gateway; obeyed here too, and never shown to clients. */
export const SERVICE_WORDS = ['x-cache-timeout', 'x-cache-expire', 'x-cache-hit'] as const;

const UNITS_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:milliseconds?|msecs?|ms)$/, 1],
  [/^(?:seconds?|secs?|s)$/, 1000],
  [/^(?:minutes?|mins?|m)$/, 60_000],
  [/^(?:hours?|hrs?|h)$/, 3_600_000],
  [/^(?:days?|d)$/, 86_400_000],
  [/^(?:weeks?|w)$/, 7 * 86_400_000],
];
const TIMEOUT = /^(\d{1,12}(?:\.\d{1,3})?) ?([a-z]{1,12})?$/;

/** Milliseconds of `1 hour`, `30s`, `500` (milliseconds); undefined for anything else. */
export function parseCacheTimeout(field: FieldValue): number | undefined {
  if (typeof field !== 'string') return undefined;
  const [, amount, unit = 'ms'] = TIMEOUT.exec(field.trim().toLowerCase()) ?? [];
  const ms = UNITS_MS.find(([pattern]) => pattern.test(unit))?.[1];
  return amount === undefined || ms === undefined ? undefined : Number(amount) * ms;
}

const MAX_PATTERNS = 16;
export const MAX_PATTERN_CHARS = 400;
const MAX_STARS = 16;

/** The patterns of `x-cache-expire`, those that are too long left out. */
export function parseCacheExpire(field: FieldValue): readonly string[] {
  if (field === undefined) return [];
  return [field]
    .flat()
    .flatMap((one) => splitElements(one))
    .filter(isPattern)
    .slice(0, MAX_PATTERNS);
}

/** Whether this can be a pattern of URLs: bounded, and visible characters alone. */
export function isPattern(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= MAX_PATTERN_CHARS &&
    /^[\x21-\x7e]+$/.test(text) &&
    text.split('*').length - 1 <= MAX_STARS
  );
}

/**
 * Whether a text matches a pattern in which `*` stands for any characters, none among them. Takes time linear in the
 * text for each star: what stands between two of them is looked for from left to right, and never again.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  const pieces = pattern.split('*');
  const [first = ''] = pieces;
  if (pieces.length === 1) return text === pattern;
  const last = pieces.at(-1) as string;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

const MAX_TAGS = 64;
const MAX_TAG_CHARS = 128;

/**
 * What an answer is tagged with, `Cache-Tag` (a list) or `Surrogate-Key` (with blanks between). Undefined where there
 * are too many: an answer that can't be found again by its tags is better not kept.
 */
export function parseTags(cacheTag: FieldValue, surrogateKey: FieldValue): readonly string[] | undefined {
  if (cacheTag === undefined && surrogateKey === undefined) return NONE;
  const names = `${String(cacheTag ?? '')},${String(surrogateKey ?? '').replaceAll(' ', ',')}`;
  const tags = new Set(names.split(',').map((tag) => tag.trim()));
  tags.delete('');
  // What can't be purged by a tag that it has is not stored.
  return tags.size > MAX_TAGS || ![...tags].every(isTag) ? undefined : [...tags];
}

const NONE: readonly string[] = [];

/** Whether this can be the tag of an answer. */
export function isTag(text: string): boolean {
  return text !== '' && text.length <= MAX_TAG_CHARS && /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}
