import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { findKeyShape } from '../key-shape.ts';

/** What a provider's signatures are checked with: a secret that both know, or the provider's public key. */
export type WebhookKey = { readonly kind: 'hmac' | 'ed25519'; readonly key: KeyObject };

/** How the text of a secret stands for its bytes. */
export type SecretCoding = 'text' | 'hex' | 'base64' | 'standard-webhooks' | 'ed25519';

const MIN_SECRET_BYTES = 16;
const ED25519_BYTES = 32;
/** SubjectPublicKeyInfo of an Ed25519 key, up to the key itself (RFC 8410, section 4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const HEX = /^(?:[0-9a-f]{2})+$/i;

/** Reads a secret; throws an Error that says what is wrong with it and never repeats it. */
export function parseWebhookSecret(text: string, coding: SecretCoding): WebhookKey {
  if (coding === 'ed25519') return parseEd25519(text);
  if (coding === 'standard-webhooks') return parseStandard(text);
  if (text.startsWith('whpk_') || findKeyShape(text) !== undefined)
    throw new Error('the secret is a key of a key pair, whose public half anybody may know and sign with');
  return secretOf(bytesOf(text, coding));
}

/** All 32 bytes that a text may stand for, in whatever it is written: what an Ed25519 public key of that text would be. */
export function readingsOf(text: string): readonly string[] {
  const plain = text.replace(/^(?:whsec_|whpk_)/, '');
  const readings = [HEX.test(plain) && 'hex', BASE64.test(plain) && 'base64'] as const;
  return readings
    .filter((coding) => coding !== false)
    .map((coding) => Buffer.from(plain, coding))
    .filter(({ length }) => length === ED25519_BYTES)
    .map((bytes) => bytes.toString('hex'));
}

/** The bytes of an Ed25519 public key, in hex. */
export function publicBytesOf(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).subarray(-ED25519_BYTES).toString('hex');
}

/** `whsec_` and the base64 of a secret, or `whpk_` and that of an Ed25519 key (Standard Webhooks, "Signature scheme"). */
function parseStandard(text: string): WebhookKey {
  const [, prefix, rest = ''] = /^(whsec_|whpk_)(.*)$/s.exec(text) ?? [];
  if (prefix === undefined) throw new Error('the secret does not begin with whsec_ (or whpk_ for an Ed25519 key)');
  if (!BASE64.test(rest)) throw new Error(`what stands behind ${prefix} is no base64`);
  const bytes = Buffer.from(rest, 'base64');
  return prefix === 'whpk_' ? ed25519Of(bytes) : secretOf(bytes);
}

function parseEd25519(text: string): WebhookKey {
  if (HEX.test(text)) return ed25519Of(Buffer.from(text, 'hex'));
  if (BASE64.test(text)) return ed25519Of(Buffer.from(text, 'base64'));
  if (findKeyShape(text) === 'private') throw new Error('holds a private key; the gateway needs the public one alone');
  try {
    const key = createPublicKey(text);
    if (key.asymmetricKeyType === 'ed25519') return { kind: 'ed25519', key };
  } catch {
    // What it is instead is nobody's to read in a message.
  }
  throw new Error('is no Ed25519 public key in hex, base64 or PEM');
}

function ed25519Of(bytes: Buffer): WebhookKey {
  if (bytes.length !== ED25519_BYTES)
    throw new Error(`an Ed25519 public key has 32 bytes, and this one ${bytes.length}`);
  return {
    kind: 'ed25519',
    key: createPublicKey({ key: Buffer.concat([ED25519_SPKI, bytes]), format: 'der', type: 'spki' }),
  };
}

function bytesOf(text: string, coding: 'text' | 'hex' | 'base64'): Buffer {
  if (coding === 'hex' && !HEX.test(text)) throw new Error('the secret is not written in hex');
  if (coding === 'base64' && !BASE64.test(text)) throw new Error('the secret is not written in base64');
  return Buffer.from(text, coding === 'text' ? 'utf8' : coding);
}

function secretOf(bytes: Buffer): WebhookKey {
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new Error(
      `the secret has ${bytes.length} bytes, and needs at least ${MIN_SECRET_BYTES}: shorter ones can be guessed (openssl rand -hex 32)`,
    );
  }
  return { kind: 'hmac', key: createSecretKey(bytes) };
}
