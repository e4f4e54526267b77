import type { AnswerFields } from '../sink.ts';

/** What became of a request at the cache; also what the metrics count, and the log says. */
export type Result = 'hit' | 'miss' | 'stale' | 'revalidated' | 'bypass' | 'expired';

const X_CACHE: Readonly<Record<Result, string>> = {
  hit: 'HIT',
  miss: 'MISS',
  stale: 'STALE',
  revalidated: 'REVALIDATED',
  bypass: 'BYPASS',
  expired: 'EXPIRED',
};

/**
 * The answer's fields with `Cache-Status` (RFC 9211) behind those of caches nearer to the service, and `X-Cache`;
 * without the words of the service that are for us.
 */
export function toldFields(fields: AnswerFields, result: Result, status: string): AnswerFields {
  const told: Record<string, string | string[] | undefined> = Object.assign(Object.create(null), fields);
  delete told['x-cache-timeout'];
  delete told['x-cache-expire'];
  delete told['x-cache-hit'];
  const before = [fields['cache-status'] ?? []].flat().join(', ');
  told['cache-status'] = before === '' ? `turnpike; ${status}` : `${before}, turnpike; ${status}`;
  told['x-cache'] = X_CACHE[result];
  return told;
}
