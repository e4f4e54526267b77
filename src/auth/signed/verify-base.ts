import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { SigningKey } from './signature-key.ts';

/** The standard has a salt of 64 bytes; common signers take the longest that fits, which proves no less. */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };

/** Whether a signature base was signed with this key, in the key's own algorithm (RFC 9421, section 3.3). */
export function isSignedBy({ algorithm, key }: SigningKey, base: string, signature: Buffer): boolean {
  const text = Buffer.from(base, 'latin1');
  switch (algorithm) {
    case 'hmac-sha256': {
      const mac = createHmac('sha256', key).update(text).digest();
      return mac.length === signature.length && timingSafeEqual(mac, signature);
    }
    case 'ed25519':
      return verify(null, text, key, signature);
    // Both halves side by side, not DER (sections 3.3.4 and 3.3.5).
    case 'ecdsa-p256-sha256':
      return signature.length === 64 && verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'ecdsa-p384-sha384':
      return signature.length === 96 && verify('sha384', text, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'rsa-pss-sha512':
      return verify('sha512', text, { key, ...PSS }, signature);
    case 'rsa-v1_5-sha256':
      return verify('sha256', text, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
  }
}
