import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { RecentMap } from '../lib/recent-map.ts';
import { readList, readScopes, readText } from './claims.ts';
import { createIdentity, type Identity, type Outcome, Refusal } from './identity.ts';
import type { Issuer } from './issuers.ts';
import type { KeyAnswer, KeySource } from './key-source.ts';
import type { Revocations } from './revocations.ts';
import { type Algorithm, algorithmsOf } from './signing-keys.ts';
import { readTokenParts, type TokenParts } from './token-parts.ts';

/** How far two clocks may be apart. */
const TOLERANCE_SECONDS = 5;
const TOLERANCE_MS = TOLERANCE_SECONDS * 1000;
/** Characters of remembered tokens, per generation: about ten thousand tokens of the usual size. */
const REMEMBERED_CHARS = 8 * 1024 * 1024;
const ENTRY_OVERHEAD_CHARS = 512;
const MAX_SUBJECT_CHARS = 1024;

const NO_ISSUER = new Refusal('the gateway has no issuer of tokens configured');
const WRONG_ISSUER = new Refusal('the token comes from an issuer that is not accepted');
const WRONG_ALGORITHM = new Refusal('the token is signed with an algorithm that is not accepted');
const REVOKED = new Refusal('the token has been revoked');
const BAD_SIGNATURE = new Refusal('the signature of the token is not valid');
const EXPIRED = new Refusal('the token has expired');
const NOT_YET = new Refusal('the token is not valid yet');
const WRONG_AUDIENCE = new Refusal('the token is meant for another audience');
const LONG_SUBJECT = new Refusal('the subject of the token is too long');

/** A token that was verified, and what that rests on. */
interface VerifiedToken {
  readonly identity: Identity;
  readonly keys: KeySource;
  readonly generation: number;
}

/** Verifies tokens of the issuers of one snapshot, and remembers those that it has verified until they expire. */
export class TokenVerifier {
  readonly #issuers: readonly Issuer[];
  readonly #revocations: Revocations | undefined;
  readonly #remembered = new RecentMap<string, VerifiedToken>(REMEMBERED_CHARS);

  constructor(issuers: readonly Issuer[], revocations?: Revocations) {
    this.#issuers = issuers;
    this.#revocations = revocations;
  }

  /** True when there is an issuer whose tokens could be accepted. */
  get isConfigured(): boolean {
    return this.#issuers.length > 0;
  }

  /** Who the token speaks for, or why not. A promise only when the issuer's keys must be fetched first. */
  verify(token: string, nowMs: number): Outcome | Promise<Outcome> {
    const known = this.#remembered.get(token);
    if (known === undefined) return this.#verifyAnew(token, nowMs);
    // A memory rests on its keys: gone or due for another look, and the token has to prove itself again.
    const { identity, keys, generation } = known;
    if (generation === keys.generation && nowMs < keys.freshUntilMs) return this.#judge(identity, nowMs);
    this.#remembered.delete(token);
    return this.#verifyAnew(token, nowMs);
  }

  #judge(identity: Identity, nowMs: number): Outcome {
    if (nowMs >= (identity.expiresAtMs as number) + TOLERANCE_MS) return EXPIRED;
    return this.#revocations?.has(identity.claims?.['jti']) ? REVOKED : identity;
  }

  #verifyAnew(token: string, nowMs: number): Outcome | Promise<Outcome> {
    if (this.#issuers.length === 0) return NO_ISSUER;
    const parts = readTokenParts(token);
    if (parts instanceof Refusal) return parts;
    const issuer = chooseIssuer(this.#issuers, parts);
    if (issuer instanceof Refusal) return issuer;
    const key = issuer.keys.find(parts.kid, parts.alg as Algorithm, nowMs);
    if (key instanceof Promise) return key.then((fetched) => this.#verifyWith(fetched, issuer, token, parts, nowMs));
    return this.#verifyWith(key, issuer, token, parts, nowMs);
  }

  #verifyWith(key: KeyAnswer, issuer: Issuer, token: string, parts: TokenParts, nowMs: number): Outcome {
    if (key instanceof Refusal) return key;
    const { keys } = issuer;
    const outcome = verifySignature(key, issuer, token, parts.alg, nowMs);
    if (outcome instanceof Refusal) return outcome;
    const known = { identity: outcome, keys, generation: keys.generation };
    this.#remembered.set(token, known, token.length + ENTRY_OVERHEAD_CHARS);
    return this.#judge(outcome, nowMs);
  }
}

/** The issuer that the token names, among those that accept its algorithm; one without a name takes what is left. */
function chooseIssuer(issuers: readonly Issuer[], { iss, alg }: TokenParts): Issuer | Refusal {
  const named = issuers.filter(({ issuer }) => issuer !== undefined && issuer === iss);
  const candidates = named.length > 0 ? named : issuers.filter(({ issuer }) => issuer === undefined);
  if (candidates.length === 0) return WRONG_ISSUER;
  return candidates.find(({ algorithms }) => (algorithms as readonly string[]).includes(alg)) ?? WRONG_ALGORITHM;
}

function verifySignature(key: KeyObject, issuer: Issuer, token: string, alg: string, nowMs: number): Outcome {
  // The key decides too: an EC key of another curve, or an RSA key in place of a secret, never gets to verify.
  if (!(algorithmsOf(key) as readonly string[]).includes(alg)) return WRONG_ALGORITHM;
  const nowSeconds = Math.floor(nowMs / 1000);
  let claims: jwt.JwtPayload;
  try {
    claims = jwt.verify(token, key, {
      algorithms: [alg as Algorithm],
      clockTimestamp: nowSeconds,
      clockTolerance: TOLERANCE_SECONDS,
      ...(issuer.issuer === undefined ? undefined : { issuer: issuer.issuer }),
      ...(issuer.audience === undefined ? undefined : { audience: issuer.audience as [string, ...string[]] }),
    }) as jwt.JwtPayload;
  } catch (error) {
    return explain(error);
  }
  if (claims.iat !== undefined && claims.iat > nowSeconds + TOLERANCE_SECONDS) return NOT_YET;
  return identify(claims, issuer);
}

function identify(claims: jwt.JwtPayload, { paths }: Issuer): Outcome {
  const subject = readText(claims, paths.subject);
  if (subject !== undefined && subject.length > MAX_SUBJECT_CHARS) return LONG_SUBJECT;
  return createIdentity('jwt', {
    subject,
    roles: readList(claims, paths.roles),
    scopes: readScopes(claims, paths.scopes),
    plan: readText(claims, paths.plan),
    claims,
    expiresAtMs: (claims.exp as number) * 1000,
  });
}

function explain(error: unknown): Refusal {
  if (error instanceof jwt.TokenExpiredError) return EXPIRED;
  if (error instanceof jwt.NotBeforeError) return NOT_YET;
  if (!(error instanceof jwt.JsonWebTokenError)) return new Refusal(BAD_SIGNATURE.reason, { cause: error });
  if (error.message.startsWith('jwt audience')) return WRONG_AUDIENCE;
  return error.message.startsWith('jwt issuer') ? WRONG_ISSUER : BAD_SIGNATURE;
}
