import { createHash, createHmac, type Hash, type Hmac, type KeyObject } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

/** Some milliseconds of hashing: after so much others have a turn. */
const SLICE_BYTES = 1024 * 1024;

/** A part of a text that is signed. */
export type SignedPart = string | Buffer;

/** The HMACs of one text under several keys. */
export async function hmacsOf(
  algorithm: string,
  keys: readonly KeyObject[],
  parts: readonly SignedPart[],
): Promise<Buffer[]> {
  const macs = keys.map((key) => createHmac(algorithm, key));
  await feed(macs, parts);
  return macs.map((mac) => mac.digest());
}

/** The hash of a text of any length. */
export async function hashOf(algorithm: string, parts: readonly SignedPart[]): Promise<Buffer> {
  const hash = createHash(algorithm);
  await feed([hash], parts);
  return hash.digest();
}

/** Feeds all of them, and lets others have their turn where that takes long. */
async function feed(hashes: readonly (Hash | Hmac)[], parts: readonly SignedPart[]): Promise<void> {
  let untilTurn = SLICE_BYTES;
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      for (const hash of hashes) hash.update(slice);
      untilTurn -= slice.length * hashes.length;
      if (untilTurn > 0) continue;
      untilTurn = SLICE_BYTES;
      await turn();
    }
  }
}
