import { parseDirectives } from './directives.ts';
import type { ToldFields } from './told-fields.ts';

/** What a client says of the answers that it takes (RFC 9111, section 5.2.1); milliseconds. */
export interface RequestTerms {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs: number;
  readonly minFreshMs: number;
  /** How stale it may be; 0 where nothing is said. */
  readonly maxStaleMs: number;
  readonly staleIfErrorMs: number;
}

const ANY: RequestTerms = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAgeMs: Number.POSITIVE_INFINITY,
  minFreshMs: 0,
  maxStaleMs: 0,
  staleIfErrorMs: 0,
};
const NO_CACHE: RequestTerms = { ...ANY, noCache: true };

/** As the service would be told: what a route takes away from clients is not theirs to say. */
export function readTerms(told: ToldFields): RequestTerms {
  const field = told.get('cache-control');
  if (field === undefined) {
    return parseDirectives(told.get('pragma')).has('no-cache') ? NO_CACHE : ANY;
  }
  const said = parseDirectives(field);
  const maxAge = said.seconds('max-age');
  return {
    noStore: said.has('no-store'),
    noCache: said.has('no-cache'),
    onlyIfCached: said.has('only-if-cached'),
    maxAgeMs: maxAge === undefined ? Number.POSITIVE_INFINITY : maxAge * 1000,
    minFreshMs: (said.seconds('min-fresh') ?? 0) * 1000,
    maxStaleMs: said.isUnqualified('max-stale') ? Number.POSITIVE_INFINITY : (said.seconds('max-stale') ?? 0) * 1000,
    staleIfErrorMs: (said.seconds('stale-if-error') ?? 0) * 1000,
  };
}
