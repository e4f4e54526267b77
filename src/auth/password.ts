import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Password hashes: `scrypt$N$r$p$SALT$HASH`, salt and hash in base64url. A password is chosen by a person, so it
 * needs the slow hash that a random key does not.
 */
const PARAMETERS = { N: 16_384, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const MAX_MEMORY_BYTES = 128 * 1024 * 1024;
export const PASSWORD_HASH = /^scrypt\$(\d{4,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,64})\$([\w-]{43})$/;

export interface PasswordHash {
  readonly parameters: ScryptOptions;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** The stored form of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, PARAMETERS);
  const { N, r, p } = PARAMETERS;
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** Reads a stored hash; throws where it is none, or would take more memory than a gateway can spare. */
export function parsePasswordHash(text: string): PasswordHash {
  const [, N = '0', r = '0', p = '0', salt = '', hash = ''] = PASSWORD_HASH.exec(text) ?? [];
  const parameters = { N: Number(N), r: Number(r), p: Number(p), maxmem: MAX_MEMORY_BYTES };
  const isPowerOfTwo = parameters.N > 1 && Number.isInteger(Math.log2(parameters.N));
  if (!isPowerOfTwo || 128 * parameters.N * parameters.r > MAX_MEMORY_BYTES / 2)
    throw new Error('this is no usable scrypt hash');
  return { parameters, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

/** Whether a password is the one; takes tens of milliseconds of another thread. */
export async function verifyPassword(password: string, { parameters, salt, hash }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, salt, parameters), hash);
}

function derive(password: string, salt: Buffer, parameters: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, hash: Buffer) => (error === null ? resolve(hash) : reject(error));
    scrypt(password, salt, HASH_BYTES, { ...parameters }, done);
  });
}
