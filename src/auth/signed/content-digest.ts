import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../identity.ts';
import { hashOf } from './sliced.ts';
import { parseDictionary } from './structured.ts';

/** Those that tell one body from any other (RFC 9530, section 5); the rest of the registry does not. */
export const KNOWN_DIGESTS: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' };

const MALFORMED = new Refusal('Content-Digest is malformed');
const UNKNOWN = new Refusal('Content-Digest has neither sha-256 nor sha-512');
const WRONG = new Refusal('Content-Digest does not fit the body');

/** Checks every digest of the field that is known, over the body as it was sent (RFC 9530, section 2). */
export async function findDigestFault(field: string, body: Buffer): Promise<Refusal | undefined> {
  const digests = parseDictionary(field);
  if (digests === undefined) return MALFORMED;
  let checked = 0;
  for (const [name, [digest]] of digests) {
    if (!Object.hasOwn(KNOWN_DIGESTS, name)) continue;
    if (!(digest instanceof ArrayBuffer)) return MALFORMED;
    const sent = Buffer.from(digest);
    const own = await hashOf(KNOWN_DIGESTS[name] as string, [body]);
    if (sent.length !== own.length || !timingSafeEqual(sent, own)) return WRONG;
    checked += 1;
  }
  return checked === 0 ? UNKNOWN : undefined;
}
