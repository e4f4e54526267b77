import type { RequestContext } from '../context.ts';
import { type CredentialCheck, combineIdentities, type Identity, type Outcome, Refusal } from './identity.ts';

/** What became of all credentials of a request: the caller, a refusal, or nothing sent at all. */
export type Verdict = Identity | RefusedScheme | undefined;

/** A refusal, and the scheme whose credential it was; undefined where it belongs to no single one. */
export class RefusedScheme {
  readonly scheme: string | undefined;
  readonly refusal: Refusal;

  constructor(scheme: string | undefined, refusal: Refusal) {
    this.scheme = scheme;
    this.refusal = refusal;
  }
}

const DOUBLED = new RefusedScheme(undefined, new Refusal('more than one Authorization field was sent'));
/** What is said of an `Authorization` that belongs to none of the schemes. */
export const OTHER_WORD = new RefusedScheme(undefined, new Refusal('this route takes no Authorization of that scheme'));
const NOTHING_FOLLOWS = new RefusedScheme(undefined, new Refusal('the Authorization names a scheme and no credential'));

/**
 * Compiles "any of" or "all of" some schemes into one check. Whatever is sent must be valid: an invalid credential is
 * refused even where another would do, and an `Authorization` that none of the schemes can read is an invalid one.
 * The check is synchronous as long as its schemes are.
 */
export function createAcceptance(schemes: readonly CredentialCheck[], mode: 'any' | 'all') {
  const refuseAuthorization = createAuthorizationGuard(schemes);

  function walk(
    context: RequestContext,
    nowMs: number,
    from: number,
    before: Identity | undefined,
  ): Verdict | Promise<Verdict> {
    let identity = before;
    for (let i = from; i < schemes.length; i += 1) {
      const scheme = schemes[i] as CredentialCheck;
      if (scheme.isLastResort && mode === 'any' && identity !== undefined) continue;
      const outcome = scheme.check(context, nowMs);
      if (outcome instanceof Promise) {
        const known = identity;
        return outcome.then((late) => {
          const verdict = join(scheme, known, late);
          return isOver(verdict) ? verdict : walk(context, nowMs, i + 1, verdict);
        });
      }
      const verdict = join(scheme, identity, outcome);
      if (isOver(verdict)) return verdict;
      identity = verdict;
    }
    return identity;
  }

  function join(scheme: CredentialCheck, identity: Identity | undefined, outcome: Outcome | undefined): Verdict {
    if (outcome instanceof Refusal) return new RefusedScheme(scheme.name, outcome);
    if (outcome !== undefined) return identity === undefined ? outcome : joinTwo(identity, outcome);
    if (mode === 'any' || identity === undefined) return identity;
    return new RefusedScheme(undefined, new Refusal(`this route needs ${scheme.name} too`));
  }

  function isOver(verdict: Verdict): verdict is RefusedScheme | undefined {
    return verdict instanceof RefusedScheme || (mode === 'all' && verdict === undefined);
  }

  return function accept(context: RequestContext, nowMs: number): Verdict | Promise<Verdict> {
    return refuseAuthorization?.(context) ?? walk(context, nowMs, 0, undefined);
  };
}

function joinTwo(first: Identity, second: Identity): Identity | RefusedScheme {
  const both = combineIdentities(first, second);
  return both instanceof Refusal ? new RefusedScheme(undefined, both) : both;
}

/** Refuses an `Authorization` that stands twice or that no scheme reads; undefined where no scheme reads any. */
function createAuthorizationGuard(schemes: readonly CredentialCheck[]) {
  const words = new Set(schemes.map(({ authorizationWord }) => authorizationWord).filter((word) => word !== undefined));
  if (words.size === 0) return undefined;
  const takesBearer = words.has('bearer');

  return function refuseAuthorization({ req }: RequestContext): RefusedScheme | undefined {
    const { authorization } = req.headers;
    if (authorization === undefined) return undefined;
    // Node keeps the first of two: the service, or a proxy before us, may have read the other.
    if (isDoubled(req.rawHeaders)) return DOUBLED;
    if (takesBearer && authorization.startsWith('Bearer ')) return undefined;
    if (words.has('*')) return undefined;
    return judgeWord(words, authorization);
  };
}

function judgeWord(words: ReadonlySet<string>, authorization: string): RefusedScheme | undefined {
  const word = authorization.split(' ', 1)[0]?.toLowerCase() ?? '';
  if (!words.has(word)) return OTHER_WORD;
  return word.length === authorization.length ? NOTHING_FOLLOWS : undefined;
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
