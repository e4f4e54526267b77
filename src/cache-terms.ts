import type { RequestContext } from './context.ts';

/** What own stages have said about one request to the cache of its route, and to `idempotency`. */
export interface CacheTerms {
  /** Nothing is answered from the store, and nothing stored. */
  isDisabled: boolean;
  /** What tells its answers apart from others of the same URL. */
  readonly parts: (string | undefined)[];
  /** Fields that the service is told by them, by their lower-case names; undefined for one that was taken away. */
  readonly told: Map<string, string | undefined>;
}

const said = new WeakMap<RequestContext, CacheTerms>();
/** False in a gateway that has no own stages: its cache looks nowhere. */
let isAnySaid = false;

/** Undefined where nobody has said anything. */
export function findCacheTerms(context: RequestContext): CacheTerms | undefined {
  return isAnySaid ? said.get(context) : undefined;
}

/** For whoever has something to say. */
export function cacheTermsOf(context: RequestContext): CacheTerms {
  isAnySaid = true;
  let terms = said.get(context);
  if (terms === undefined) {
    terms = { isDisabled: false, parts: [], told: new Map() };
    said.set(context, terms);
  }
  return terms;
}
