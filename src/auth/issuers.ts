import { type KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { isHostName } from '../lib/host-name.ts';
import { isSafeUrl } from '../lib/safe-url.ts';
import { oneOrMany } from '../schema-values.ts';
import type { JwtSettings } from '../settings.ts';
import type { Report } from '../stage.ts';
import { DEFAULT_CLAIM_PATHS } from './claims.ts';
import { allowOption } from './issuer-names.ts';
import type { FindRemoteKeys, KeySource } from './key-source.ts';
import { ALGORITHMS, type Algorithm, algorithmsOf, parsePublicKey, parseSecret } from './signing-keys.ts';
import type { ClaimSource } from './token-identity.ts';

const path = z
  .string()
  .min(1)
  .max(256)
  .transform((one) => [one])
  .optional();

/** One row of `issuers`: who may sign tokens, with what, and where their claims stand. */
export const issuerRow = z.strictObject({
  issuer: z.string().min(1).describe('The `iss` of its tokens, to the letter.'),
  audience: oneOrMany(z.string().min(1))
    .optional()
    .describe('What `aud` must name, or one of them. Default: not checked.'),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .optional()
    .describe(
      'Algorithms accepted. Default: RS256, PS256, ES256 and EdDSA for published keys (`jwks`, `discover`); HS256 for a secret; RS256 and PS256, or the one of its curve, for a public key.',
    ),
  secret: z
    .string()
    .optional()
    .describe(
      'HMAC secret, at least as long as the hash (32 bytes for HS256, 48, 64); write "${ENV:NAME}" or "${FILE:/path}".',
    ),
  publicKey: z.string().optional().describe('Public key or certificate in PEM; "${FILE:/path}" reads one.'),
  jwks: z.string().optional().describe('URL of its JWK Set; https, or http on this machine or with allowHttp.'),
  discover: z
    .literal(true)
    .optional()
    .describe('Finds the JWK Set through `/.well-known/openid-configuration` of the issuer.'),
  tls: z
    .strictObject({
      ca: z.string().describe('PEM of the authority behind its certificate; "${FILE:/path}" reads one.'),
    })
    .optional()
    .describe('Whose word is taken for the server with its keys. Default: the authorities that Node trusts.'),
  allowHttp: z
    .literal(true)
    .optional()
    .describe(
      'Fetches its keys over plain http too. Whoever is on the way can put in a key of their own, and so be anybody.',
    ),
  claims: z
    .strictObject({
      subject: path.describe('Path of the user. Default: `sub`, else `id`.'),
      roles: path.describe('Path of the roles, a list or one text. Default: `role`, else `roles`.'),
      scopes: path.describe('Path of the scopes, a list or one text with spaces. Default: `scope`, else `scp`.'),
      plan: path.describe('Path of the plan. Default: `plan`, else `tier`.'),
    })
    .default({ subject: undefined, roles: undefined, scopes: undefined, plan: undefined })
    .describe('Where claims stand, as dotted paths: `realm_access.roles`.'),
  allow: allowOption,
});

export type IssuerRow = z.output<typeof issuerRow>;

/** An issuer made ready for verifying. That without a name takes any token that no other issuer claims. */
export interface Issuer extends ClaimSource {
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly keys: KeySource;
}

/** Reports faults of rows that a schema can't see: no key or two, weak ones, algorithms that don't fit, doubles. */
export function checkIssuers(rows: readonly IssuerRow[], report: Report): void {
  const names = new Set<string>();
  rows.forEach((row, index) => {
    const place = ['issuers', index];
    if (names.has(row.issuer)) report([...place, 'issuer'], `issuer "${row.issuer}" stands twice`);
    names.add(row.issuer);
    for (const [at, message, hint] of findFaults(row)) report([...place, ...at], message, hint);
  });
}

type Fault = readonly [at: readonly string[], message: string, hint?: string];

function findFaults(row: IssuerRow): readonly Fault[] {
  const given = KEY_OPTIONS.filter((name) => row[name] !== undefined);
  const [option] = given;
  if (option === undefined || given.length > 1) {
    const message = option === undefined ? 'the issuer has no key' : `the issuer has ${given.join(' and ')}`;
    return [[[], message, `give one of ${KEY_OPTIONS.join(', ')}`]];
  }
  const places = [
    [[option], findKeyFault(row)],
    [[row.tls === undefined ? 'allowHttp' : 'tls'], findRemoteFault(row)],
  ] as const;
  return places.flatMap(([at, message]) => (message === undefined ? [] : [[at, message]]));
}

function isHostless(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && !isHostName(url.hostname);
}

const KEY_OPTIONS = ['secret', 'publicKey', 'jwks', 'discover'] as const;

function findKeyFault(row: IssuerRow): string | undefined {
  const url = row.discover === undefined ? row.jwks : row.issuer;
  if (url !== undefined && !isSafeUrl(url, row.allowHttp)) return isHostless(url) ? NO_HOST : HTTPS_ONLY;
  if (isRemote(row)) return row.algorithms?.some((name) => name.startsWith('HS')) ? NO_SECRET_IN_A_SET : undefined;
  try {
    fitAlgorithms(parseKey(row), row.algorithms);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is said of fetching keys, where none are fetched or nothing could be. */
function findRemoteFault(row: IssuerRow): string | undefined {
  if (row.tls === undefined && row.allowHttp === undefined) return undefined;
  if (!isRemote(row)) return 'no keys are fetched: that goes with "jwks" or "discover"';
  return row.tls === undefined || isCertificate(row.tls.ca) ? undefined : 'holds no certificate in PEM';
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== '';
  } catch {
    return false;
  }
}

const HTTPS_ONLY =
  'keys are fetched over https, or over http from this very machine; "allowHttp": true takes them over any http';
const NO_HOST = 'the address has no name of a host that could be looked up';
const NO_SECRET_IN_A_SET =
  'a published set of keys holds no HMAC secret: HS256, HS384 and HS512 can not be used with it';
const REMOTE_ALGORITHMS: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** The issuer of a row of the file; throws with a readable reason where its key is of no use. */
export function createIssuer(row: IssuerRow, findRemoteKeys: FindRemoteKeys): Issuer {
  const { subject, roles, scopes, plan } = row.claims;
  const paths = {
    subject: subject ?? DEFAULT_CLAIM_PATHS.subject,
    roles: roles ?? DEFAULT_CLAIM_PATHS.roles,
    scopes: scopes ?? DEFAULT_CLAIM_PATHS.scopes,
    plan: plan ?? DEFAULT_CLAIM_PATHS.plan,
  };
  const { issuer, audience, algorithms = REMOTE_ALGORITHMS, allow } = row;
  const common = { issuer, audience, paths, allow };
  const terms = { ca: row.tls?.ca, allowHttp: row.allowHttp };
  if (row.jwks !== undefined) return { ...common, algorithms, keys: findRemoteKeys({ jwks: row.jwks, ...terms }) };
  if (row.discover) return { ...common, algorithms, keys: findRemoteKeys({ discover: issuer, ...terms }) };
  const key = parseKey(row);
  return { ...common, algorithms: fitAlgorithms(key, row.algorithms), keys: fixedKey(key) };
}

/** The issuers that the environment sets (JWT_*): one, or several where it gives more than one kind of key. */
export function createEnvironmentIssuers(
  settings: JwtSettings | undefined,
  findRemoteKeys: FindRemoteKeys,
): readonly Issuer[] {
  if (settings === undefined) return [];
  const { secret, publicKeyPem, jwksUrl, issuer, audience, algorithms } = settings;
  const only = (possible: readonly Algorithm[]) => possible.filter((name) => algorithms.includes(name));
  const common = { issuer, audience, paths: DEFAULT_CLAIM_PATHS, allow: undefined };
  const issuers: Issuer[] = [];
  for (const key of [secret && parseSecret(secret), publicKeyPem && parsePublicKey(publicKeyPem)]) {
    if (key) issuers.push({ ...common, algorithms: only(algorithmsOf(key)), keys: fixedKey(key) });
  }
  if (jwksUrl !== undefined) {
    const asymmetric = ALGORITHMS.filter((name) => !name.startsWith('HS'));
    issuers.push({ ...common, algorithms: only(asymmetric), keys: findRemoteKeys({ jwks: jwksUrl }) });
  }
  return issuers;
}

function isRemote(row: IssuerRow): boolean {
  return row.jwks !== undefined || row.discover !== undefined;
}

function parseKey(row: IssuerRow): KeyObject {
  return row.secret === undefined ? parsePublicKey(row.publicKey ?? '') : parseSecret(row.secret);
}

function fixedKey(key: KeyObject): KeySource {
  return { generation: 0, freshUntilMs: Number.POSITIVE_INFINITY, find: () => key };
}

function fitAlgorithms(key: KeyObject, wanted: readonly Algorithm[] | undefined): readonly Algorithm[] {
  const possible = algorithmsOf(key);
  if (wanted === undefined) return possible.filter((name) => name.endsWith('256') || possible.length === 1);
  const unfit = wanted.filter((name) => !possible.includes(name));
  if (unfit.length > 0)
    throw new Error(`${unfit.join(', ')} can not be used with this key; it fits ${possible.join(', ')}`);
  return wanted;
}
