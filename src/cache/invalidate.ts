import type { RequestContext } from '../context.ts';
import type { AnswerFields } from '../sink.ts';
import { keepKeyed, urlName } from './key.ts';
import type { CachePlan } from './plan.ts';
import { parseCacheExpire } from './service-words.ts';
import type { ToldFields } from './told-fields.ts';

/** Methods that change nothing (RFC 9110, section 9.2.1; WebDAV; RFC 10008): an answer to any other invalidates. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY']);

export function isSafeMethod(method: string): boolean {
  return SAFE.has(method);
}

/**
 * What a method that changes something has changed, where it succeeded (RFC 9111, section 4.4): its URL, and those that
 * its answer names, of the same origin alone: nobody invalidates what is another's.
 */
export function invalidateUrls(
  { store, keyed }: CachePlan,
  context: RequestContext,
  told: ToldFields,
  status: number,
  fields: AnswerFields,
): void {
  if (isSafeMethod(context.method) || status >= 400) return;
  const host = (told.get('x-forwarded-host') ?? '').toLowerCase();
  const path = context.rawPath ?? context.path;
  const invalidate = (one: string, query: string): void => {
    store.invalidate(urlName(host, one, keyed === undefined ? query : keepKeyed(query, keyed)));
  };
  invalidate(path, context.query);
  const base = `${context.scheme}://${host}`;
  for (const name of ['location', 'content-location']) {
    const value = fields[name];
    if (typeof value !== 'string' || value === '' || !URL.canParse(value, base + path)) continue;
    const url = new URL(value, base + path);
    if (url.host !== hostOf(base) || !url.protocol.startsWith('http')) continue;
    invalidate(url.pathname, url.search);
  }
}

function hostOf(base: string): string | undefined {
  return URL.canParse(base) ? new URL(base).host : undefined;
}

/** `x-cache-expire` of a service: a pattern of URLs of its own route. */
export function expirePatterns({ purges, route }: CachePlan, fields: AnswerFields): void {
  for (const pattern of parseCacheExpire(fields['x-cache-expire'])) purges.add({ pattern, ofRoute: route });
}
