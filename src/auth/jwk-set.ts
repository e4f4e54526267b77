import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { type Algorithm, algorithmsOf } from './signing-keys.ts';

const ASYMMETRIC: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);
const MAX_KEYS = 100;
const MAX_KID_CHARS = 512;

interface SetKey {
  readonly kid: string | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly key: KeyObject;
}

/** The usable keys of a JWK Set (RFC 7517, section 5). */
export class JwkSet {
  readonly #keys: readonly SetKey[];
  /** Tells two sets with the same keys from two with different ones. */
  readonly fingerprint: string;

  constructor(keys: readonly SetKey[]) {
    this.#keys = keys;
    const names = keys.map(
      ({ kid, algorithms, key }) => `${kid} ${algorithms} ${key.export({ type: 'spki', format: 'pem' })}`,
    );
    this.fingerprint = names.sort().join('\n');
  }

  /** True when no key in it is of use. */
  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  /** The key for a token; a token that names none gets one only when a single key fits. */
  find(kid: string | undefined, alg: Algorithm): KeyObject | undefined {
    const fitting = this.#keys.filter(
      (entry) => entry.algorithms.includes(alg) && (kid === undefined || entry.kid === kid),
    );
    return kid === undefined && fitting.length > 1 ? undefined : fitting[0]?.key;
  }
}

/**
 * Reads a JWK Set. Keys that are symmetric, private, weak, not for signatures or not understood are left out, as
 * RFC 7517 asks. Throws when it is no set at all.
 */
export function parseJwkSet(document: Readonly<Record<string, unknown>>): JwkSet {
  const list = document['keys'];
  if (!Array.isArray(list)) throw new Error('this is no JWK Set: it has no list of keys');
  return new JwkSet(list.slice(0, MAX_KEYS).flatMap((entry: unknown) => readKey(entry) ?? []));
}

function readKey(entry: unknown): SetKey | undefined {
  if (typeof entry !== 'object' || entry === null || !isForSignatures(entry)) return undefined;
  const { kid, alg } = entry as { kid?: unknown; alg?: unknown };
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_CHARS)) return undefined;
  const key = importKey(entry as JsonWebKey);
  if (key === undefined) return undefined;
  const algorithms = algorithmsOf(key).filter((name) => alg === undefined || name === alg);
  return algorithms.length === 0 ? undefined : { kid, algorithms, key };
}

/** A symmetric or a private key that anybody can read proves nothing; one for encryption is not meant to. */
function isForSignatures(jwk: { kty?: unknown; use?: unknown; key_ops?: unknown; d?: unknown }): boolean {
  if (!ASYMMETRIC.has(jwk.kty) || jwk.d !== undefined) return false;
  return (jwk.use ?? 'sig') === 'sig' && (!Array.isArray(jwk.key_ops) || jwk.key_ops.includes('verify'));
}

function importKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // One key that Node can't read must not cost the others.
    return undefined;
  }
}
