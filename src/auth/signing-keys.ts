import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { findKeyShape } from './key-shape.ts';

/** The algorithms that a token may be signed with (RFC 7518, section 3.1; RFC 8037). `none` is not one of them. */
export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

export type Algorithm = (typeof ALGORITHMS)[number];

/** As long as the hash of HS256 (RFC 7518, section 3.2). */
const MIN_SECRET_BYTES = 32;
/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;
const NO_SECRET = {
  public:
    'the secret is a public key, which anybody may know and sign with: give it as "publicKey" (JWT_PUBLIC_KEY_FILE in the environment)',
  private:
    'the secret is a private key; the gateway needs the public one alone, as "publicKey" (JWT_PUBLIC_KEY_FILE in the environment)',
} as const;
const CURVE_ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/**
 * A key of an HMAC secret; throws under 32 bytes, which can be guessed offline (RFC 8725, section 3.5), and for what is
 * a key pair's: whoever knows the public half could sign tokens with it (section 3.1).
 */
export function parseSecret(secret: string): KeyObject {
  const shape = findKeyShape(secret);
  if (shape !== undefined) throw new Error(NO_SECRET[shape]);
  const bytes = Buffer.byteLength(secret);
  if (bytes < MIN_SECRET_BYTES) {
    throw new Error(
      `the secret has ${bytes} bytes, and an HMAC secret needs at least ${MIN_SECRET_BYTES} (openssl rand -base64 48)`,
    );
  }
  return createSecretKey(Buffer.from(secret));
}

/** A key of a PEM: a public key or a certificate. Throws for a private key, which has no business in a gateway. */
export function parsePublicKey(pem: string): KeyObject {
  // createPublicKey would take a private key without a word.
  if (pem.includes('PRIVATE KEY')) throw new Error('holds a private key; the gateway needs the public one alone');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new Error('holds no public key in PEM', { cause });
  }
  if (algorithmsOf(key).length > 0) return key;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  const what = bits === undefined ? `a key of type ${key.asymmetricKeyType}` : `an RSA key of ${bits} bits`;
  throw new Error(
    `holds ${what}, which is of no use; use RSA of ${MIN_RSA_BITS} bits or more, EC P-256, P-384, P-521, or Ed25519`,
  );
}

/** The algorithms that a key can be used with; none for a type or size that is not accepted. */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type === 'secret') return startingWith('HS').filter((name) => fitsHash(key, name));
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return [CURVE_ALGORITHMS[namedCurve] ?? []].flat();
  if (key.asymmetricKeyType === 'ed25519') return ['EdDSA'];
  if (modulusLength < MIN_RSA_BITS) return [];
  if (key.asymmetricKeyType === 'rsa') return [...startingWith('RS'), ...startingWith('PS')];
  return key.asymmetricKeyType === 'rsa-pss' ? startingWith('PS') : [];
}

/** A secret shorter than the hash weakens it (RFC 7518, section 3.2). */
function fitsHash({ symmetricKeySize = 0 }: KeyObject, name: Algorithm): boolean {
  return symmetricKeySize * 8 >= Number(name.slice(2));
}

function startingWith(family: string): readonly Algorithm[] {
  return ALGORITHMS.filter((name) => name.startsWith(family));
}
