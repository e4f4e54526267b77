import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JwtSettings } from '../settings.ts';
import { type EnvReader, readList } from './env-values.ts';

const MIN_SECRET_BYTES = 32; // RFC 7518, section 3.2: as long as the hash of HS256
const MIN_RSA_BITS = 2048; // RFC 7518, section 3.3
const ALGORITHMS = ['HS', 'RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));

interface KeySource {
  /** The variable that the key came from. */
  readonly from: string;
  /** What the key can verify; the first is the default. */
  readonly algorithms: readonly string[];
  readonly defaults: readonly string[];
  readonly publicKeyPem?: string;
}

/** The one issuer of tokens that the environment can name; more of them go into `issuers` of routes.json. */
export function readJwt(reader: EnvReader): JwtSettings | undefined {
  const secret = reader.text('JWT_SECRET');
  const publicKeyFile = reader.text('JWT_PUBLIC_KEY_FILE');
  const jwksUrl = reader.text('JWT_JWKS_URL');
  const issuer = reader.text('JWT_ISSUER');
  const audience = readList(reader, 'JWT_AUDIENCE');
  const algorithms = readList(reader, 'JWT_ALGORITHMS');

  const keys: KeySource[] = [];
  if (secret !== undefined) keys.push(checkSecret(reader, secret));
  if (publicKeyFile !== undefined) keys.push(readPublicKey(reader, publicKeyFile));
  if (jwksUrl !== undefined) keys.push(checkJwksUrl(reader, jwksUrl));
  const [key, other] = keys;
  if (key === undefined) {
    reportWithoutKey(reader, { JWT_ISSUER: issuer, JWT_AUDIENCE: audience[0], JWT_ALGORITHMS: algorithms[0] });
    return undefined;
  }
  if (other !== undefined) {
    reader.fault(
      other.from,
      `is set beside ${key.from}`,
      'Keep one; further issuers go into "issuers" of routes.json.',
    );
  }
  checkAlgorithms(reader, algorithms, key);
  return {
    secret,
    publicKeyPem: key.publicKeyPem,
    jwksUrl,
    issuer,
    audience: audience.length > 0 ? audience : undefined,
    algorithms: algorithms.length > 0 ? algorithms : key.defaults,
  };
}

function reportWithoutKey(reader: EnvReader, values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    reader.fault(
      name,
      'has no key to go with',
      'Set JWT_SECRET, JWT_PUBLIC_KEY_FILE or JWT_JWKS_URL too, or take it out.',
    );
  }
}

function checkSecret(reader: EnvReader, secret: string): KeySource {
  const bytes = Buffer.byteLength(secret);
  if (bytes < MIN_SECRET_BYTES) {
    const message = `has ${bytes} bytes, and an HMAC secret needs at least ${MIN_SECRET_BYTES}`;
    reader.fault('JWT_SECRET', message, 'Make one with: openssl rand -base64 48');
  }
  const algorithms = ALGORITHMS.filter((name) => name.startsWith('HS'));
  return { from: 'JWT_SECRET', algorithms, defaults: ['HS256'] };
}

function checkJwksUrl(reader: EnvReader, text: string): KeySource {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = url !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLoopback)) {
    const hint = 'Write it like "https://login.example.com/.well-known/jwks.json"; plain http is for loopback only.';
    reader.fault('JWT_JWKS_URL', 'is not an https address', hint);
  }
  const algorithms = ALGORITHMS.filter((name) => !name.startsWith('HS'));
  return { from: 'JWT_JWKS_URL', algorithms, defaults: ['RS256', 'ES256'] };
}

function readPublicKey(reader: EnvReader, file: string): KeySource {
  const from = 'JWT_PUBLIC_KEY_FILE';
  const key = parsePublicKey(reader, file);
  if (key === undefined) return { from, algorithms: ALGORITHMS, defaults: ['RS256'] };
  const algorithms = algorithmsOf(key);
  if (algorithms.length === 0) {
    reader.fault(
      from,
      `holds a key of type ${key.asymmetricKeyType}, which signs no token here`,
      'Use RSA or EC keys.',
    );
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
  if (bits < MIN_RSA_BITS) {
    reader.fault(from, `holds an RSA key of ${bits} bits`, `At least ${MIN_RSA_BITS} are needed.`);
  }
  const publicKeyPem = key.export({ type: 'spki', format: 'pem' }).toString();
  return { from, algorithms, defaults: algorithms.slice(0, 1), publicKeyPem };
}

function parsePublicKey(reader: EnvReader, file: string): KeyObject | undefined {
  const name = 'JWT_PUBLIC_KEY_FILE';
  const hint = 'It takes a PEM file that begins with "-----BEGIN PUBLIC KEY-----".';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    reader.fault(name, `can't be read: ${(cause as NodeJS.ErrnoException).code} ${file}`, hint);
    return undefined;
  }
  // createPublicKey would take a private key without a word; a gateway that only verifies must not hold one.
  if (text.includes('PRIVATE KEY')) {
    reader.fault(name, `holds a private key: ${file}`, 'Only the public half belongs here: openssl pkey -pubout');
    return undefined;
  }
  try {
    return createPublicKey(text);
  } catch {
    reader.fault(name, `holds no public key: ${file}`, hint);
    return undefined;
  }
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

function algorithmsOf(key: KeyObject): string[] {
  if (key.asymmetricKeyType === 'rsa') return ALGORITHMS.filter((name) => /^[RP]S/.test(name));
  if (key.asymmetricKeyType === 'rsa-pss') return ALGORITHMS.filter((name) => name.startsWith('PS'));
  if (key.asymmetricKeyType !== 'ec') return [];
  const algorithm = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  return algorithm === undefined ? [] : [algorithm];
}

function checkAlgorithms(reader: EnvReader, algorithms: readonly string[], key: KeySource): void {
  for (const name of algorithms) {
    if (!ALGORITHMS.includes(name)) {
      reader.fault('JWT_ALGORITHMS', `"${name}" is no algorithm of this gateway`, `Known: ${ALGORITHMS.join(', ')}.`);
    } else if (!key.algorithms.includes(name)) {
      const hint = `It can verify ${key.algorithms.join(', ') || 'none'}.`;
      reader.fault('JWT_ALGORITHMS', `"${name}" does not fit the key in ${key.from}`, hint);
    }
  }
}
