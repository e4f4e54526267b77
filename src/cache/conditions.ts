import { splitElements } from './directives.ts';
import type { Entry } from './entry.ts';
import { parseHttpDate } from './http-date.ts';
import type { ToldFields } from './told-fields.ts';

/** More tags than that are not compared. */
const MAX_TAGS = 100;

/** Preconditions that are the service's to judge (RFC 9111, section 4.3.2): a stored answer does not meet them. */
export function isForServiceAlone(told: ToldFields): boolean {
  return told.has('if-match') || told.has('if-unmodified-since');
}

/**
 * Whether the client has this answer already, by its own precondition: 304 (RFC 9110, sections 13.1.2, 13.1.3 and
 * 13.2.2). An answer without Last-Modified is as old as its Date (RFC 9111, section 4.3.2).
 */
export function isNotModified(told: ToldFields, entry: Pick<Entry, 'status' | 'fields'>, nowMs: number): boolean {
  const tags = told.get('if-none-match');
  const since = told.get('if-modified-since');
  if ((tags === undefined && since === undefined) || entry.status !== 200) return false;
  if (tags !== undefined) return hasTag(tags, entry.fields['etag']);
  const sinceMs = parseHttpDate(since, nowMs);
  const modifiedMs = parseHttpDate(entry.fields['last-modified'] ?? entry.fields['date'], nowMs);
  return sinceMs !== undefined && modifiedMs !== undefined && modifiedMs <= sinceMs;
}

/** Compared weakly (RFC 9110, section 8.8.3.2). */
function hasTag(list: string, tag: string | readonly string[] | undefined): boolean {
  if (list.trim() === '*') return true;
  if (typeof tag !== 'string') return false;
  const opaque = opaqueOf(tag);
  return splitElements(list)
    .slice(0, MAX_TAGS)
    .some((one) => opaqueOf(one) === opaque);
}

function opaqueOf(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}

/** Bytes from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The part that a client asks for; `none` where no byte of it exists; undefined where all of it is to be sent. */
export function findSpan(told: ToldFields, entry: Entry, nowMs: number): Span | 'none' | undefined {
  const range = told.get('range');
  if (range === undefined || entry.status !== 200) return undefined;
  if (!isSameAsAsked(told.get('if-range'), entry, nowMs)) return undefined;
  // Of several, all is sent: RFC 9110, section 14.2, leaves that to us.
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(range);
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  const size = entry.body.length;
  if (first === '') return last === '' ? undefined : lastBytes(Number(last), size);
  const start = Number(first);
  const end = last === '' ? size : Number(last) + 1;
  if (end <= start && last !== '') return undefined;
  return start >= size ? 'none' : { start, end: Math.min(end, size) };
}

function lastBytes(count: number, size: number): Span | 'none' {
  return count === 0 || size === 0 ? 'none' : { start: Math.max(0, size - count), end: size };
}

/** A date is a strong validator where it lies a minute before the answer at least (RFC 9110, section 8.8.2.2). */
const STRONG_AFTER_MS = 60_000;

/** `If-Range` (RFC 9110, section 13.1.5), compared strongly. */
function isSameAsAsked(validator: string | undefined, { fields }: Entry, nowMs: number): boolean {
  if (validator === undefined) return true;
  if (validator.startsWith('"')) return fields['etag'] === validator;
  if (validator.startsWith('W/')) return false;
  const modifiedMs = parseHttpDate(fields['last-modified'], nowMs);
  const dateMs = parseHttpDate(fields['date'], nowMs);
  if (modifiedMs === undefined || dateMs === undefined || dateMs - modifiedMs < STRONG_AFTER_MS) return false;
  return fields['last-modified'] === validator;
}

/** What a precondition of ours replaces; where nobody waits for the answer, all of it is wanted. */
const VALIDATING = new Set(['if-none-match', 'if-modified-since']);
const OF_A_PART = new Set(['range', 'if-range']);

/**
 * Asks, in a list of fields for the service, whether a stored answer is still the one (RFC 9111, section 4.3.1), and that
 * alone: a 304 to the tags of the client as well could be for any of them. What the client itself has is judged by the
 * answer afterwards. Where nobody waits for it (`isAlone`) all of it is wanted. False where there is nothing to ask by.
 */
export function addValidators(
  list: string[],
  { etag, 'last-modified': modified }: Entry['fields'],
  isAlone = false,
): boolean {
  const hasTag = typeof etag === 'string';
  const hasDate = typeof modified === 'string';
  if (!isAlone && !hasTag && !hasDate) return false;
  takeOut(list, (name) => VALIDATING.has(name) || (isAlone && OF_A_PART.has(name)));
  if (hasTag) list.push('If-None-Match', etag);
  if (hasDate) list.push('If-Modified-Since', modified);
  return hasTag || hasDate;
}

/** Takes fields out of names and values by turns. */
function takeOut(list: string[], isTaken: (name: string) => boolean): void {
  let kept = 0;
  for (let i = 0; i < list.length; i += 2) {
    const [name, value] = [list[i] as string, list[i + 1] as string];
    if (isTaken(name.toLowerCase())) continue;
    list[kept++] = name;
    list[kept++] = value;
  }
  list.length = kept;
}

/** Whether a 304 speaks of the stored answer, which it was asked about (RFC 9111, section 4.3.4). */
export function isAbout(entry: Entry, { etag, 'last-modified': modified }: Entry['fields']): boolean {
  if (typeof etag === 'string' && entry.fields['etag'] !== undefined)
    return opaqueOf(etag) === opaqueOf(String(entry.fields['etag']));
  return modified === undefined || modified === entry.fields['last-modified'] || entry.fields['etag'] !== undefined;
}

/** Whether a 304 names a version that the client says it has: then it is for the client to understand. */
export function isOfClients(told: ToldFields, { etag }: Entry['fields']): boolean {
  const tags = told.get('if-none-match');
  return typeof etag === 'string' && tags !== undefined && hasTag(tags, etag);
}

/** Whether the answer to a HEAD tells of the body that is stored (RFC 9111, section 4.3.5). */
export function isSameBody({ fields, body }: Entry, update: Entry['fields']): boolean {
  const length = update['content-length'];
  if (length !== undefined && Number(length) !== body.length) return false;
  return ['etag', 'last-modified'].every((name) => update[name] === undefined || update[name] === fields[name]);
}
