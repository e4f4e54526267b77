import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ALGORITHMS, algorithmsOf, parsePublicKey, parseSecret } from '../auth/signing-keys.ts';
import { isSafeUrl } from '../lib/safe-url.ts';
import type { JwtSettings } from '../settings.ts';
import type { OutsideIssuer } from '../stage.ts';
import { createEnvReader, type EnvReader, readList } from './env-values.ts';

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

/** The issuer that these variables set, for the names in routes.json; what is wrong with them is told by `readJwt`. */
export function findOutsideIssuer(env: NodeJS.ProcessEnv): OutsideIssuer | undefined {
  const { text } = createEnvReader(env);
  const isSet = KEY_VARIABLES.some((name) => text(name) !== undefined);
  return isSet ? { name: text('JWT_ISSUER') } : undefined;
}

const KEY_VARIABLES = ['JWT_SECRET', 'JWT_PUBLIC_KEY_FILE', 'JWT_JWKS_URL'];

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
  const from = 'JWT_SECRET';
  const key = tryKey(reader, from, () => parseSecret(secret));
  return { from, algorithms: key === undefined ? ALGORITHMS : algorithmsOf(key), defaults: ['HS256'] };
}

function checkJwksUrl(reader: EnvReader, text: string): KeySource {
  if (!isSafeUrl(text)) {
    const hint = 'Write it like "https://login.example.com/.well-known/jwks.json"; plain http is for loopback only.';
    reader.fault('JWT_JWKS_URL', 'is not an https address', hint);
  }
  const algorithms = ALGORITHMS.filter((name) => !name.startsWith('HS'));
  return { from: 'JWT_JWKS_URL', algorithms, defaults: ['RS256', 'ES256'] };
}

function readPublicKey(reader: EnvReader, file: string): KeySource {
  const from = 'JWT_PUBLIC_KEY_FILE';
  const text = readKeyFile(reader, from, file);
  const key = text === undefined ? undefined : tryKey(reader, from, () => parsePublicKey(text), `: ${file}`);
  if (key === undefined) return { from, algorithms: ALGORITHMS, defaults: ['RS256'] };
  const algorithms = algorithmsOf(key);
  const publicKeyPem = key.export({ type: 'spki', format: 'pem' }).toString();
  return { from, algorithms, defaults: algorithms.slice(0, 1), publicKeyPem };
}

function readKeyFile(reader: EnvReader, from: string, file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const hint = 'It takes a PEM file that begins with "-----BEGIN PUBLIC KEY-----".';
    reader.fault(from, `can't be read: ${(cause as NodeJS.ErrnoException).code} ${file}`, hint);
    return undefined;
  }
}

/** The key, or a fault that says why it is none; the same keys are good here as in `issuers` of routes.json. */
function tryKey(reader: EnvReader, from: string, parse: () => KeyObject, where = ''): KeyObject | undefined {
  try {
    return parse();
  } catch (error) {
    reader.fault(from, `${(error as Error).message}${where}`);
    return undefined;
  }
}

function checkAlgorithms(reader: EnvReader, algorithms: readonly string[], key: KeySource): void {
  for (const name of algorithms) {
    if (!(ALGORITHMS as readonly string[]).includes(name)) {
      reader.fault('JWT_ALGORITHMS', `"${name}" is no algorithm of this gateway`, `Known: ${ALGORITHMS.join(', ')}.`);
    } else if (!key.algorithms.includes(name)) {
      const hint = `It can verify ${key.algorithms.join(', ') || 'none'}.`;
      reader.fault('JWT_ALGORITHMS', `"${name}" does not fit the key in ${key.from}`, hint);
    }
  }
}
