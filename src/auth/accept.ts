import type { RequestContext } from '../context.ts';
import { combineIdentities, type Identity, type Outcome, Refusal, type Scheme } from './identity.ts';

/** What became of all credentials of a request: the caller, a refusal, or nothing sent at all. */
export type Verdict = Identity | RefusedScheme | undefined;

/** A refusal, and the scheme whose credential it was. */
export class RefusedScheme {
  readonly scheme: string;
  readonly refusal: Refusal;

  constructor(scheme: string, refusal: Refusal) {
    this.scheme = scheme;
    this.refusal = refusal;
  }
}

const DOUBLED = new RefusedScheme('authorization', new Refusal('more than one Authorization field was sent'));
const OTHER_SCHEME = new RefusedScheme('authorization', new Refusal('this route takes no Authorization of that scheme'));

/**
 * Compiles "any of" or "all of" some schemes into one check. Whatever is sent must be valid: an invalid credential is
 * refused even where another would do, and an `Authorization` that none of the schemes can read is an invalid one.
 * The check is synchronous as long as its schemes are.
 */
export function createAcceptance(schemes: readonly Scheme[], mode: 'any' | 'all') {
  const readsAuthorization = schemes.some((scheme) => scheme.readsAuthorization);

  return function accept(context: RequestContext, nowMs: number): Verdict | Promise<Verdict> {
    const hasAuthorization = readsAuthorization && context.req.headers.authorization !== undefined;
    // Node keeps the first of two: the service, or a proxy before us, may have read the other.
    if (hasAuthorization && isDoubled(context.req.rawHeaders)) return DOUBLED;
    let identity: Identity | undefined;
    let wasRead = false;
    for (let i = 0; i < schemes.length; i += 1) {
      const scheme = schemes[i] as Scheme;
      const outcome = scheme.check(context, nowMs);
      if (outcome instanceof Promise) return acceptRest(context, nowMs, i, outcome, identity, wasRead);
      if (outcome === undefined) {
        if (mode === 'all') return missing(identity, scheme);
        continue;
      }
      if (outcome instanceof Refusal) return new RefusedScheme(scheme.name, outcome);
      wasRead ||= scheme.readsAuthorization;
      identity = identity === undefined ? outcome : combineIdentities(identity, outcome);
    }
    return hasAuthorization && !wasRead ? OTHER_SCHEME : identity;
  };

  /** The same walk from scheme `from` on, where one of them has to ask somebody. */
  async function acceptRest(
    context: RequestContext,
    nowMs: number,
    from: number,
    first: Promise<Outcome>,
    before: Identity | undefined,
    wasReadBefore: boolean,
  ): Promise<Verdict> {
    let identity = before;
    let wasRead = wasReadBefore;
    for (let i = from; i < schemes.length; i += 1) {
      const scheme = schemes[i] as Scheme;
      const outcome = await (i === from ? first : scheme.check(context, nowMs));
      if (outcome === undefined) {
        if (mode === 'all') return missing(identity, scheme);
        continue;
      }
      if (outcome instanceof Refusal) return new RefusedScheme(scheme.name, outcome);
      wasRead ||= scheme.readsAuthorization;
      identity = identity === undefined ? outcome : combineIdentities(identity, outcome);
    }
    return readsAuthorization && context.req.headers.authorization !== undefined && !wasRead ? OTHER_SCHEME : identity;
  }
}

/** Where all are needed and one is missing: nothing sent at all is told apart from a part of it. */
function missing(identity: Identity | undefined, scheme: Scheme): RefusedScheme | undefined {
  if (identity === undefined) return undefined;
  return new RefusedScheme('', new Refusal(`this route needs ${scheme.name} too`));
}

function isDoubled(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    // Comparing lengths first spares lower-casing every name of every request.
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count > 1;
}
