import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

/** What a text is that was meant as a secret: a key in PEM, as a JWK, of ssh, or its DER alone in base64 or hex. */
export function findKeyShape(text: string): 'public' | 'private' | undefined {
  const start = text.trim();
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(start)?.[1];
  if (label !== undefined) return label.includes('PRIVATE') ? 'private' : 'public';
  if (/^(ssh-|ecdsa-sha2-)/.test(start)) return 'public';
  if (start.startsWith('{')) return findJwkShape(start);
  // A SEQUENCE, as every key in DER is.
  if (start.startsWith('M')) return findDerShape(Buffer.from(start, 'base64'));
  return /^30(?:[0-9a-f]{2})+$/i.test(start) ? findDerShape(Buffer.from(start, 'hex')) : undefined;
}

function findJwkShape(text: string): 'public' | 'private' | undefined {
  try {
    const { kty, d, keys } = JSON.parse(text) as { kty?: unknown; d?: unknown; keys?: unknown };
    if (typeof kty !== 'string' || kty === 'oct') return Array.isArray(keys) ? 'public' : undefined;
    return d === undefined ? 'public' : 'private';
  } catch {
    // Whatever it is, it is no JSON.
    return undefined;
  }
}

function findDerShape(key: Buffer): 'public' | 'private' | undefined {
  const isRead = (read: () => unknown) => {
    try {
      return read() !== undefined;
    } catch {
      return false;
    }
  };
  const privateTypes = ['pkcs8', 'sec1', 'pkcs1'] as const;
  if (privateTypes.some((type) => isRead(() => createPrivateKey({ key, format: 'der', type })))) return 'private';
  const publicTypes = ['spki', 'pkcs1'] as const;
  if (publicTypes.some((type) => isRead(() => createPublicKey({ key, format: 'der', type })))) return 'public';
  return isRead(() => new X509Certificate(key)) ? 'public' : undefined;
}
