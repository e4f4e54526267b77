import { createHmac, randomBytes } from 'node:crypto';
import { createApiKey, hashApiKey } from '../auth/api-key-format.ts';
import type { FileConfig } from '../config/routes.ts';
import type { JwtSettings } from '../settings.ts';
import type { Caller } from './case-file.ts';

const HOUR_S = 3600;

/** A configuration whose issuers and consumers know throw-away credentials too, and who holds those. */
export interface Cast {
  readonly config: FileConfig;
  readonly jwt: JwtSettings | undefined;
  /** What the caller sends, beside the fields of the request. */
  headersOf(caller: string, nowMs: number): readonly (readonly [string, string])[];
}

export type ReportCaller = (path: readonly PropertyKey[], message: string, known: readonly string[]) => void;

/**
 * Gives every caller a credential: a token by its issuer, whose key is replaced by one for these cases, or a further
 * key of its consumer. So the very checks of the gateway run, of audience, expiry, roles and plans, and nobody needs a
 * secret. Where nobody signs tokens, as in CI without JWT_SECRET, an issuer stands in.
 */
export function castCallers(
  config: FileConfig,
  jwt: JwtSettings | undefined,
  callers: Readonly<Record<string, Caller>>,
  report: ReportCaller,
): Cast {
  const secret = randomBytes(64).toString('base64url');
  const issuers = config.issuers.map(({ issuer, audience, claims, allow }) => ({
    issuer,
    audience,
    claims,
    allow,
    secret,
    algorithms: ['HS256' as const],
    publicKey: undefined,
    jwks: undefined,
    discover: undefined,
    tls: undefined,
    allowHttp: undefined,
  }));
  const outside = jwt ?? (issuers.length === 0 ? STAND_IN : undefined);
  const ofEnvironment = outside && { ...outside, ...REPLACED, secret };
  const signers = [...(ofEnvironment === undefined ? [] : [ofEnvironment]), ...issuers];
  const keys = new Map<string, string>();
  let consumers = config.consumers;
  for (const [name, { consumer, key }] of Object.entries(callers)) {
    if (consumer === undefined) continue;
    const made = createApiKey();
    const given = addKey(consumers, consumer, key, { id: `case-${keys.size + 1}`, sha256: hashApiKey(made) });
    if ('fault' in given) report(['callers', name, given.fault], given.message, given.known);
    else consumers = given.consumers;
    keys.set(name, made);
  }
  return {
    config: { ...config, issuers, consumers, consumerStore: 'file' } as FileConfig,
    jwt: ofEnvironment,
    headersOf(name, nowMs) {
      const caller = callers[name] as Caller;
      const { claims, headers = {} } = caller;
      const list = Object.entries(headers).flatMap(([field, value]) =>
        [value].flat().map((one) => [field, one] as const),
      );
      const key = keys.get(name);
      if (key !== undefined) list.push(['X-API-Key', key]);
      if (claims === undefined) return list;
      return [...list, ['Authorization', `Bearer ${signToken(claimsOf(name, caller, signers, nowMs), secret)}`]];
    },
  };
}

const STAND_IN = { issuer: undefined, audience: undefined };
const REPLACED = { publicKeyPem: undefined, jwksUrl: undefined, algorithms: ['HS256'] };

type Consumers = FileConfig['consumers'];
type Key = Pick<Consumers[number]['keys'][number], 'id' | 'sha256'>;
type Given =
  | { readonly consumers: Consumers }
  | { readonly fault: string; readonly message: string; readonly known: readonly string[] };

/** A further key for a consumer: with all that it has, or with what its key of that id has. */
function addKey(consumers: Consumers, name: string, id: string | undefined, made: Key): Given {
  const row = consumers.find((one) => one.name === name);
  if (row === undefined) {
    const known = consumers.map((one) => one.name);
    return { fault: 'consumer', message: `the routes file has no consumer "${name}"`, known };
  }
  const like = row.keys.find((one) => one.id === id);
  if (id !== undefined && like === undefined) {
    const known = row.keys.map((one) => one.id);
    return { fault: 'key', message: `consumer "${name}" has no key "${id}"`, known };
  }
  const grown = { ...row, keys: [...row.keys, { ...like, ...made }] };
  return { consumers: consumers.map((one) => (one === row ? grown : one)) };
}

interface Signer {
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
}

function claimsOf(name: string, caller: Caller, signers: readonly Signer[], nowMs: number): object {
  const { issuer, expired, claims = {} } = caller;
  const signer = issuer === undefined ? signers[0] : signers.find((one) => one.issuer === issuer);
  const nowS = Math.floor(nowMs / 1000);
  return {
    iss: issuer ?? signer?.issuer,
    sub: name,
    aud: signer?.audience?.[0],
    iat: nowS - 2 * HOUR_S,
    exp: expired === true ? nowS - HOUR_S : nowS + HOUR_S,
    ...claims,
  };
}

/** A JWT in its compact form (RFC 7515, section 7.1), by HS256. */
export function signToken(claims: object, secret: string): string {
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const text = parts.join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
