import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { findKeyShape } from '../key-shape.ts';

/** RFC 9421, section 6.2.2. */
const ALGORITHMS = [
  'hmac-sha256',
  'ed25519',
  'ecdsa-p256-sha256',
  'ecdsa-p384-sha384',
  'rsa-pss-sha512',
  'rsa-v1_5-sha256',
] as const;
export type SignatureAlgorithm = (typeof ALGORITHMS)[number];

/** As long as the hash (RFC 2104, section 3). */
const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2048;

/** One of `signatureKeys`: what a consumer signs its requests with. */
export const signatureKey = z.strictObject({
  id: z
    .string()
    .regex(/^[\x20-\x7e]{1,256}$/, 'expected visible ASCII, at most 256 characters')
    .describe('What its signatures name in `keyid`; of one key in the whole file.'),
  algorithm: z
    .enum(ALGORITHMS)
    .optional()
    .describe(
      'What it signs with; the message has no say in it. Default: what fits the key; for RSA rsa-pss-sha512, and rsa-v1_5-sha256 where it is written here alone.',
    ),
  publicKey: z
    .union([z.string().min(1), z.looseObject({ kty: z.string() })])
    .optional()
    .describe('The public key: PEM, or a JWK as an object or as its text.'),
  secret: z.string().min(1).optional().describe('The secret of hmac-sha256, at least 32 bytes.'),
  secretEncoding: z
    .enum(['text', 'hex', 'base64'])
    .default('text')
    .describe('How `secret` stands for its bytes. Default text.'),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'expected a time such as "2027-01-01T00:00:00Z"' })
    .optional()
    .describe('When the key stops being accepted. Default: never.'),
});

export type SignatureKeyRow = z.output<typeof signatureKey>;

/** A key with the one algorithm that it is for (RFC 9421, section 7.3.6). */
export interface SigningKey {
  readonly id: string;
  readonly algorithm: SignatureAlgorithm;
  readonly key: KeyObject;
}

/** Reads a key; throws an Error that says what is wrong with it and never repeats it. */
export function parseSignatureKey({ id, algorithm, publicKey, secret, secretEncoding }: SignatureKeyRow): SigningKey {
  if ((publicKey === undefined) === (secret === undefined)) throw new Error('needs either "publicKey" or "secret"');
  const key = secret === undefined ? readPublic(publicKey as string | object) : readSecret(secret, secretEncoding);
  const fitting = algorithmsOf(key);
  const [usual] = fitting;
  if (usual === undefined)
    throw new Error('is of no use here; use RSA of 2048 bits or more, EC P-256 or P-384, Ed25519, or a secret');
  if (algorithm !== undefined && !fitting.includes(algorithm))
    throw new Error(`can not be used with ${algorithm}: it is for ${fitting.join(' or ')}`);
  return { id, algorithm: algorithm ?? usual, key };
}

function readSecret(text: string, encoding: 'text' | 'hex' | 'base64'): KeyObject {
  if (findKeyShape(text) !== undefined)
    throw new Error('has a key of a key pair as its "secret", whose public half anybody may know and sign with');
  const bytes = Buffer.from(text, encoding === 'text' ? 'utf8' : encoding);
  if (bytes.length < MIN_SECRET_BYTES)
    throw new Error(
      `has a secret of ${bytes.length} bytes, and needs at least ${MIN_SECRET_BYTES} (openssl rand -base64 48)`,
    );
  return createSecretKey(bytes);
}

function readPublic(written: string | object): KeyObject {
  const jwk = typeof written === 'string' ? findJwk(written) : written;
  if (jwk === undefined ? findKeyShape(String(written)) === 'private' : Object.hasOwn(jwk, 'd'))
    throw new Error('holds a private key; the gateway needs the public one alone');
  if (jwk !== undefined && 'use' in jwk && jwk.use !== 'sig') throw new Error('is a JWK that is not for signatures');
  try {
    return createPublicKey(jwk === undefined ? String(written) : { key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    // What it is instead is nobody's to read in a message.
    throw new Error('holds no public key in PEM, and no JWK');
  }
}

function findJwk(text: string): object | undefined {
  if (!text.trim().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    // Then it is read, and refused, as PEM.
    return undefined;
  }
}

/** What a key can be used with, the usual first. */
function algorithmsOf(key: KeyObject): readonly SignatureAlgorithm[] {
  if (key.type === 'secret') return ['hmac-sha256'];
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return ['ed25519'];
    case 'ec':
      return namedCurve === 'prime256v1'
        ? ['ecdsa-p256-sha256']
        : namedCurve === 'secp384r1'
          ? ['ecdsa-p384-sha384']
          : [];
    case 'rsa':
      return modulusLength < MIN_RSA_BITS ? [] : ['rsa-pss-sha512', 'rsa-v1_5-sha256'];
    case 'rsa-pss':
      return modulusLength < MIN_RSA_BITS ? [] : ['rsa-pss-sha512'];
    default:
      return [];
  }
}
