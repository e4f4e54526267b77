import { timingSafeEqual, verify } from 'node:crypto';
import { hmacsOf, type SignedPart } from './sliced.ts';
import type { SentSignature } from './webhook-form.ts';
import type { WebhookKey } from './webhook-key.ts';

type Kind = WebhookKey['kind'];

/**
 * The key that one of the signatures was made with. Each signature is compared with each secret, whatever came of the
 * others, so that it takes the same time for all of them.
 */
export async function findSigner<Key extends WebhookKey>(
  algorithm: string,
  keys: readonly Key[],
  signatures: readonly SentSignature[],
  signed: readonly SignedPart[],
): Promise<Key | undefined> {
  const sent = (wanted: Kind) => signatures.filter(({ kind }) => kind === wanted).map(({ bytes }) => bytes);
  const kept = (wanted: Kind) => keys.filter(({ kind }) => kind === wanted);
  return (
    (await findSecret(algorithm, kept('hmac'), sent('hmac'), signed)) ??
    findPublicKey(kept('ed25519'), sent('ed25519'), signed)
  );
}

async function findSecret<Key extends WebhookKey>(
  algorithm: string,
  secrets: readonly Key[],
  sent: readonly Buffer[],
  signed: readonly SignedPart[],
): Promise<Key | undefined> {
  if (sent.length === 0) return undefined;
  const keys = secrets.map(({ key }) => key);
  const macs = await hmacsOf(algorithm, keys, signed);
  const fits = macs.map((mac) => sent.filter((bytes) => isEqual(bytes, mac)).length > 0);
  return secrets.find((_, index) => fits[index]);
}

function isEqual(bytes: Buffer, mac: Buffer): boolean {
  return bytes.length === mac.length && timingSafeEqual(bytes, mac);
}

function findPublicKey<Key extends WebhookKey>(
  keys: readonly Key[],
  sent: readonly Buffer[],
  signed: readonly SignedPart[],
): Key | undefined {
  if (sent.length === 0 || keys.length === 0) return undefined;
  const text = Buffer.concat(signed.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return keys.find(({ key }) => sent.some((bytes) => verify(null, text, key, bytes)));
}
