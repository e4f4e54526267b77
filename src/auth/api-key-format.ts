import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * The shape of a key that the gateway makes: `tpk_`, 43 base-62 digits (256 random bits), `_`, 6 digits of CRC-32.
 * The prefix lets secret scanners find a leaked key, the checksum lets them and us tell a key from a lookalike
 * without asking anyone. Keys made elsewhere have any other shape, and are known by their hash alone.
 */
const PREFIX = 'tpk_';
const RANDOM_DIGITS = 43;
const CHECKSUM_DIGITS = 6;
const KEY = /^tpk_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A new key; shown once to a person, stored as its hash alone. */
export function createApiKey(): string {
  const digits = toBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), RANDOM_DIGITS);
  return `${PREFIX}${digits}_${checksum(digits)}`;
}

/** SHA-256 in hex, as it stands in routes.json. 256 random bits need no slow hash. */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** True for what a gateway has made as a key, by its prefix: no other credential begins so. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith(PREFIX);
}

/** The hashes that `sha256sum` gives of a variable that is not set, as `printf`, `echo` and Windows write it. */
const HASHES_OF_NOTHING = new Set(['', '\n', '\r\n', ' '].map(hashApiKey));

/** True for the hash of no key. */
export function isHashOfNothing(hash: string): boolean {
  return HASHES_OF_NOTHING.has(hash.toLowerCase());
}

/** False for a blank key, and for one with our prefix that we can't have made; true for keys of another make. */
export function isPlausibleApiKey(key: string): boolean {
  if (!key.startsWith(PREFIX)) return key.trim() !== '';
  const [, digits, sum] = KEY.exec(key) ?? [];
  return digits !== undefined && checksum(digits) === sum;
}

function checksum(digits: string): string {
  return toBase62(BigInt(crc32(digits)), CHECKSUM_DIGITS);
}

function toBase62(value: bigint, width: number): string {
  let digits = '';
  for (let rest = value; rest > 0n; rest /= 62n) digits = DIGITS.charAt(Number(rest % 62n)) + digits;
  return digits.padStart(width, '0');
}
