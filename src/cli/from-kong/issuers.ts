import { parsePublicKey, parseSecret } from '../../auth/signing-keys.ts';
import { OwnTemplate } from './draft.ts';
import type { Entity } from './entity.ts';
import type { Notes } from './notes.ts';

type Row = Record<string, unknown>;

interface Known {
  readonly issuers: readonly Row[];
  /** Secrets that routes.json names by `${ENV:…}`; gets one more. */
  readonly secrets: Map<string, string>;
}

/** A row of `issuers` for one of the `jwt_secrets` of a consumer; undefined, and told, where it can be none. */
export function planIssuer(one: Entity, label: string, known: Known, notes: Notes): Row | undefined {
  const issuer = one.text('key');
  const algorithm = one.text('algorithm') ?? 'HS256';
  const [secret, publicKey] = [one.text('secret'), one.text('rsa_public_key')];
  if (issuer === undefined || known.issuers.some((row) => row['issuer'] === issuer)) {
    const why = issuer === undefined ? 'Kong makes its "key" itself' : 'somebody else has the same "key"';
    notes.lost(one.line, `tokens of ${label}: ${why}`);
    return undefined;
  }
  const given = algorithm.startsWith('HS')
    ? secretOf(secret, issuer, algorithm, known.secrets)
    : isPublicKey(publicKey) && { publicKey };
  if (!given) {
    notes.lost(one.line, `tokens of ${label} (${algorithm}): their key is not written there, or no good: refused`);
    return undefined;
  }
  if ('name' in given) notes.told(one.line, `the secret of issuer "${issuer}" is read from ${given.name}`);
  notes.changed(one.line, `tokens of ${label} are told by their issuer ("iss"), and count as those of no consumer`);
  const key = 'name' in given ? { secret: new OwnTemplate(`\${ENV:${given.name}}`) } : given;
  // A consumer signs its tokens itself: what they say of roles and plans would be its own word.
  return { issuer, ...key, algorithms: [algorithm], allow: { roles: [], plans: [] } };
}

/** Never in routes.json: that names it, and .env has it. */
function secretOf(
  secret: string | undefined,
  issuer: string,
  algorithm: string,
  secrets: Map<string, string>,
): { readonly name: string } | undefined {
  if (secret === undefined || isReference(secret) || !isStrong(secret, algorithm)) return undefined;
  const word = issuer
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .slice(0, 40);
  const plain = `KONG_JWT_${word}`.replace(/_+$/, '');
  let name = plain;
  for (let at = 2; secrets.has(name); at++) name = `${plain}_${at}`;
  secrets.set(name, secret);
  return { name };
}

/** What stands for a value that is somewhere else: a vault of Kong's, or a variable of deck's. */
export function isReference(text: string): boolean {
  return /^\{vault:\/\/|\$\{\{/.test(text);
}

function isPublicKey(pem: string | undefined): pem is string {
  if (pem === undefined) return false;
  try {
    parsePublicKey(pem);
    return true;
  } catch {
    // Told by whoever asks.
    return false;
  }
}

function isStrong(secret: string, algorithm: string): boolean {
  const bytes = { HS256: 32, HS384: 48, HS512: 64 }[algorithm];
  if (bytes === undefined || Buffer.byteLength(secret) < bytes) return false;
  try {
    parseSecret(secret);
    return true;
  } catch {
    // A key of another kind: whoever verifies by it as a secret verifies nothing.
    return false;
  }
}
