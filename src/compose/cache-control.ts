import type { AnswerFields } from '../sink.ts';
import { fieldText } from './field-text.ts';

/** What one answer says of how it may be kept: values by directives; of one that is there twice, all of them. */
type Directives = ReadonlyMap<string, readonly string[]>;

/** A directive, and its value, which may be quoted (RFC 9111, section 5.2). */
const DIRECTIVE = /([^\s,;="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^,;"]*))?/g;

/** Meant for caches on the way alone (RFC 9213): the whole has one word for all of them. */
const FOR_SOME_CACHES = /^(?:[a-z0-9-]+-)?cdn-cache-control$|^surrogate-control$/;

/**
 * How long the whole may be kept (RFC 9111, section 5.2): as long as the part that may be kept for the shortest time,
 * what has passed of that taken off. Without a word from every part it must be asked for again each time, and what may be
 * about the caller is for the caller's own cache alone.
 */
export function cacheControlOf(answered: readonly AnswerFields[], isPersonal: boolean): string {
  const all = answered.map(directivesOf);
  const has = (name: string): boolean => all.some((directives) => directives.has(name));
  if (has('no-store')) return 'no-store';
  const isPrivate = isPersonal || has('private');
  const seconds = Math.min(...all.map((directives, at) => freshSeconds(directives, answered[at]?.['age'])));
  const words = isPrivate ? ['private'] : [];
  words.push(seconds > 0 ? `max-age=${seconds}` : 'no-cache');
  if (seconds > 0 && has('must-revalidate')) words.push('must-revalidate');
  // For a shared cache `s-maxage` says that as well (section 5.2.2.10).
  if (seconds > 0 && !isPrivate && (has('proxy-revalidate') || has('s-maxage'))) words.push('proxy-revalidate');
  return words.join(', ');
}

function directivesOf(fields: AnswerFields): Directives {
  const directives = new Map<string, string[]>();
  for (const [name, field] of Object.entries(fields)) {
    if (name !== 'cache-control' && !FOR_SOME_CACHES.test(name)) continue;
    for (const [, directive = '', value = ''] of fieldText(field).toLowerCase().matchAll(DIRECTIVE)) {
      const values = directives.get(directive) ?? [];
      directives.set(directive, [...values, value.replaceAll('"', '').trim()]);
    }
  }
  return directives;
}

/** Of several the shortest counts, and what is no number is none (RFC 9111, section 4.2.1). */
function freshSeconds(directives: Directives, age: AnswerFields[string]): number {
  if (directives.has('no-cache') || !directives.has('max-age')) return 0;
  const told = [...(directives.get('max-age') ?? []), ...(directives.get('s-maxage') ?? [])];
  const seconds = told.map((value) => (/^\d{1,9}$/.test(value) ? Number(value) : 0));
  const passed = fieldText(age).match(/\d+/g) ?? [];
  return Math.max(0, Math.min(...seconds) - Math.max(0, ...passed.map(Number)));
}
