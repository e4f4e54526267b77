import { qualify } from '../lib/qualify.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Claims } from './claims.ts';
import { type Identity, type Outcome, Refusal } from './identity.ts';
import type { Issuer } from './issuers.ts';
import type { KeyAnswer, KeySource } from './key-source.ts';
import { refuseAudience, refuseIssuer } from './not-for-us.ts';
import type { Revocations } from './revocations.ts';
import { EXPIRED, TOLERANCE_SECONDS, verifySignature, WRONG_ALGORITHM } from './signature.ts';
import type { Algorithm } from './signing-keys.ts';
import { identifyByClaims, NO_CALLERS, type TokenCallers } from './token-identity.ts';
import { readTokenParts, type TokenParts } from './token-parts.ts';

const TOLERANCE_MS = TOLERANCE_SECONDS * 1000;
/** Characters of remembered tokens, per generation: about ten thousand tokens of the usual size. */
const REMEMBERED_CHARS = 8 * 1024 * 1024;
const ENTRY_OVERHEAD_CHARS = 512;

const NO_ISSUER = new Refusal('the gateway has no issuer of tokens configured');
const REVOKED = new Refusal('the token has been revoked', { kind: 'revoked' });

/** A token that was verified, and what that rests on. */
interface VerifiedToken {
  readonly identity: Identity;
  readonly keys: KeySource;
  readonly generation: number;
  /** The name under which it would be revoked; undefined for a token without an id. */
  readonly revocationKey: string | undefined;
}

/** Verifies tokens of the issuers of one snapshot, and remembers those that it has verified until they expire. */
export class TokenVerifier {
  readonly #issuers: readonly Issuer[];
  readonly #revocations: Revocations | undefined;
  readonly #callers: TokenCallers;
  readonly #remembered = new RecentMap<string, VerifiedToken>(REMEMBERED_CHARS);

  constructor(issuers: readonly Issuer[], revocations?: Revocations, callers: TokenCallers = NO_CALLERS) {
    this.#issuers = issuers;
    this.#revocations = revocations;
    this.#callers = callers;
  }

  /** True when there is an issuer whose tokens could be accepted. */
  get isConfigured(): boolean {
    return this.#issuers.length > 0;
  }

  /**
   * Who the token speaks for, or why not; `accepted` are the issuers that the route takes, where it doesn't take all.
   * A promise only when the issuer's keys must be fetched first.
   */
  verify(token: string, nowMs: number, accepted?: AcceptedIssuers): Outcome | Promise<Outcome> {
    const known = this.#remembered.get(token);
    if (known === undefined) return this.#verifyAnew(token, nowMs, accepted);
    if (!isAccepted(accepted, known.identity.issuer)) return refuseIssuer(known.identity.issuer, accepted);
    // A memory rests on its keys: gone or due for another look, and the token has to prove itself again.
    const { keys, generation } = known;
    if (generation === keys.generation && nowMs < keys.freshUntilMs) return this.#judge(known, nowMs);
    this.#remembered.delete(token);
    return this.#verifyAnew(token, nowMs, accepted);
  }

  /** Who a token spoke for that was verified before, by its claims alone, as these issuers have it; its end is left out. */
  recognize(claims: Claims, accepted: AcceptedIssuers): Outcome {
    const iss = typeof claims['iss'] === 'string' ? claims['iss'] : undefined;
    if (this.#issuers.length === 0) return NO_ISSUER;
    const [issuer] = issuersNamed(this.#issuers, iss);
    if (issuer === undefined) return refuseIssuer(iss, accepted ?? this.#issuers.map(({ issuer: name }) => name));
    if (!isAccepted(accepted, issuer.issuer)) return refuseIssuer(iss, accepted);
    const { audience } = issuer;
    const aud = [claims['aud']].flat();
    if (audience !== undefined && !aud.some((one) => audience.includes(one as string)))
      return refuseAudience(claims['aud'], audience);
    return identifyByClaims('jwt', claims, issuer, this.#callers, undefined);
  }

  #judge({ identity, revocationKey }: VerifiedToken, nowMs: number): Outcome {
    if (nowMs >= (identity.expiresAtMs as number) + TOLERANCE_MS) return EXPIRED;
    return this.#revocations?.has(revocationKey) ? REVOKED : identity;
  }

  #verifyAnew(token: string, nowMs: number, accepted: AcceptedIssuers): Outcome | Promise<Outcome> {
    if (this.#issuers.length === 0) return NO_ISSUER;
    const parts = readTokenParts(token);
    if (parts instanceof Refusal) return parts;
    const issuer = chooseIssuer(this.#issuers, parts, accepted);
    if (issuer instanceof Refusal) return issuer;
    if (!isAccepted(accepted, issuer.issuer)) return refuseIssuer(parts.iss, accepted);
    const key = issuer.keys.find(parts.kid, parts.alg as Algorithm, nowMs);
    if (key instanceof Promise) return key.then((fetched) => this.#verifyWith(fetched, issuer, token, parts, nowMs));
    return this.#verifyWith(key, issuer, token, parts, nowMs);
  }

  #verifyWith(key: KeyAnswer, issuer: Issuer, token: string, parts: TokenParts, nowMs: number): Outcome {
    if (key instanceof Refusal) return key;
    const { keys } = issuer;
    const claims = verifySignature(key, issuer, token, parts, nowMs);
    if (claims instanceof Refusal) return claims;
    const expiresAtMs = (claims.exp as number) * 1000;
    const identity = identifyByClaims('jwt', claims, issuer, this.#callers, expiresAtMs);
    if (identity instanceof Refusal) return identity;
    const revocationKey = typeof claims.jti === 'string' ? qualify(issuer.issuer, claims.jti) : undefined;
    const known = { identity, keys, generation: keys.generation, revocationKey };
    this.#remembered.set(token, known, token.length + ENTRY_OVERHEAD_CHARS);
    return this.#judge(known, nowMs);
  }
}

/** Names of the issuers that a route takes; undefined: all. The one without a name is in no such list. */
export type AcceptedIssuers = ReadonlySet<string | undefined> | undefined;

export function isAccepted(accepted: AcceptedIssuers, issuer: string | undefined): boolean {
  return accepted === undefined || accepted.has(issuer);
}

/** The issuer that the token names, among those that accept its algorithm; one without a name takes what is left. */
function chooseIssuer(
  issuers: readonly Issuer[],
  { iss, alg }: TokenParts,
  accepted: AcceptedIssuers,
): Issuer | Refusal {
  const candidates = issuersNamed(issuers, iss);
  if (candidates.length === 0) return refuseIssuer(iss, accepted ?? issuers.map(({ issuer }) => issuer));
  return candidates.find(({ algorithms }) => (algorithms as readonly string[]).includes(alg)) ?? WRONG_ALGORITHM;
}

function issuersNamed(issuers: readonly Issuer[], iss: string | undefined): readonly Issuer[] {
  const named = issuers.filter(({ issuer }) => issuer !== undefined && issuer === iss);
  return named.length > 0 ? named : issuers.filter(({ issuer }) => issuer === undefined);
}
