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

/** The fields of a service's answer with what `statusFields` says, and without its words that are for us. */
export function toldFields(fields: AnswerFields, result: Result, status: string): AnswerFields {
  const told: Record<string, string | string[] | undefined> = { ...fields, ...statusFields(fields, result, status) };
  delete told['x-cache-timeout'];
  delete told['x-cache-expire'];
  delete told['x-cache-hit'];
  return told;
}

/** `Cache-Status` (RFC 9211), behind those of caches nearer to the service, and `X-Cache`. */
export function statusFields(fields: AnswerFields, result: Result, status: string) {
  const before = fields['cache-status'];
  const own = `turnpike; ${status}`;
  return {
    'cache-status': before === undefined ? own : `${[before].flat().join(', ')}, ${own}`,
    'x-cache': X_CACHE[result],
  };
}
