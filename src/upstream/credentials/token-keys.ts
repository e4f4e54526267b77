import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Kind } from '../../pool.ts';

/** Where their public parts are, as those of other issuers mostly are. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** What tokens of the gateway are signed with. */
export type TokenAlgorithm = 'ES256' | 'EdDSA';

export interface TokenKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  /** Undefined of a key that is only published. */
  readonly privateKey: KeyObject | undefined;
  /** As it stands in the JWK Set; never a private part. */
  readonly publicJwk: Readonly<Record<string, string>>;
}

/** What the file says of the keys. */
export interface TokenKeysOptions {
  readonly issuer: string;
  /** The first signs, the others are published; empty: made in memory. */
  readonly keys: readonly TokenKey[];
  /** Of keys that are made. */
  readonly algorithm: TokenAlgorithm;
  /** How long a key that is made signs. */
  readonly rotateEveryMs: number;
}

/** A key stays in the set for as long as a token of it may be good (`ttl` is an hour at most), and a while. */
const LISTED_AFTER_MS = 65 * 60 * 1000;
const MAX_RETIRED = 20;

const DEFAULTS: TokenKeysOptions = {
  issuer: 'turnpike',
  keys: [],
  algorithm: 'ES256',
  rotateEveryMs: 24 * 60 * 60 * 1000,
};

interface Retired {
  readonly key: TokenKey;
  readonly untilMs: number;
}

/**
 * The keys that tokens of this gateway are signed with, through all reloads. Keys that are made exist from the first
 * token on; the next of them is published before it signs, so that services which keep the set know it by then.
 */
export class TokenKeys {
  readonly #clock: Clock;
  #options = DEFAULTS;
  #made: { current: TokenKey; next: TokenKey; untilMs: number } | undefined;
  #retired: readonly Retired[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `iss` of the tokens. */
  get issuer(): string {
    return this.#options.issuer;
  }

  /** Other options are in force: keys that are theirs no more stay published while tokens of them may be good. */
  follow(options: TokenKeysOptions): void {
    const before = this.#listed();
    const isMadeAnew = options.keys.length > 0 || options.algorithm !== this.#options.algorithm;
    this.#options = options;
    if (isMadeAnew) this.#made = undefined;
    const kept = new Set(this.#listed().map(({ kid }) => kid));
    this.#retire(before.filter(({ kid }) => !kept.has(kid)));
  }

  /** The key that signs now. */
  current(): TokenKey {
    const [first] = this.#options.keys;
    if (first !== undefined) return first;
    const { algorithm, rotateEveryMs } = this.#options;
    const now = this.#clock.now();
    if (this.#made === undefined) {
      this.#made = { current: makeKey(algorithm), next: makeKey(algorithm), untilMs: now + rotateEveryMs };
    } else if (now >= this.#made.untilMs) {
      this.#retire([this.#made.current]);
      this.#made = { current: this.#made.next, next: makeKey(algorithm), untilMs: now + rotateEveryMs };
    }
    return this.#made.current;
  }

  /** The JWK Set (RFC 7517, section 5). */
  jwks(): { readonly keys: readonly object[] } {
    this.current();
    this.#retire([]);
    const all = [...this.#listed(), ...this.#retired.map(({ key }) => key)];
    return { keys: [...new Map(all.map(({ kid, publicJwk }) => [kid, publicJwk])).values()] };
  }

  #listed(): readonly TokenKey[] {
    const { keys } = this.#options;
    if (keys.length > 0 || this.#made === undefined) return keys;
    return [this.#made.current, this.#made.next];
  }

  #retire(keys: readonly TokenKey[]): void {
    const now = this.#clock.now();
    const added = keys.map((key) => ({ key, untilMs: now + LISTED_AFTER_MS }));
    this.#retired = [...this.#retired, ...added].filter(({ untilMs }) => untilMs > now).slice(-MAX_RETIRED);
  }
}

/** One for the whole process. */
export const tokenKeysKind: Kind<TokenKeys> = { name: 'service token keys', close() {} };

function makeKey(algorithm: TokenAlgorithm): TokenKey {
  const { privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return describeKey(privateKey, undefined);
}

/** Reads PEM (PKCS #8, SEC 1, or a public key) or a JWK. Throws with a reason that repeats nothing of it. */
export function parseTokenKey(text: string): TokenKey {
  const isJwk = text.trimStart().startsWith('{');
  const jwk = isJwk ? parseJwk(text) : undefined;
  const isPrivate = isJwk ? jwk?.['d'] !== undefined : text.includes('PRIVATE KEY');
  let key: KeyObject;
  try {
    const create = isPrivate ? createPrivateKey : createPublicKey;
    key = jwk === undefined ? create(text) : create({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    // The cause may repeat what it could not read.
    throw new Error('holds no key in PEM or as a JWK');
  }
  return describeKey(key, jwk?.['kid']);
}

function parseJwk(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Error('begins like a JWK, and is no JSON');
  }
}

function describeKey(key: KeyObject, written: unknown): TokenKey {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) throw new Error('holds a key of another kind than EC P-256 or Ed25519');
  const {
    kty = '',
    crv = '',
    x = '',
    y,
  } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y };
  // The thumbprint is over these members in this order (RFC 7638, section 3.2).
  const kid =
    typeof written === 'string' && written !== '' ? written : hash('sha256', JSON.stringify(members), 'base64url');
  const publicJwk = { ...members, kid, alg: algorithm, use: 'sig' };
  return { kid, algorithm, privateKey: key.type === 'private' ? key : undefined, publicJwk };
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): TokenAlgorithm | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
}
