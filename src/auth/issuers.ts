import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { oneOrMany } from '../schema-values.ts';
import type { JwtSettings } from '../settings.ts';
import type { Report } from '../stage.ts';
import { type ClaimPaths, DEFAULT_CLAIM_PATHS } from './claims.ts';
import { ALGORITHMS, type Algorithm, algorithmsOf, parsePublicKey, parseSecret } from './signing-keys.ts';

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
      'Algorithms accepted. Default: HS256 for a secret; RS256 and PS256, or the one of its curve, for a public key.',
    ),
  secret: z.string().optional().describe('HMAC secret of at least 32 bytes; write "${ENV:NAME}" or "${FILE:/path}".'),
  publicKey: z.string().optional().describe('Public key or certificate in PEM; "${FILE:/path}" reads one.'),
  claims: z
    .strictObject({
      subject: path.describe('Path of the user. Default: `sub`, else `id`.'),
      roles: path.describe('Path of the roles, a list or one text. Default: `role`, else `roles`.'),
      scopes: path.describe('Path of the scopes, a list or one text with spaces. Default: `scope`, else `scp`.'),
      plan: path.describe('Path of the plan. Default: `plan`, else `tier`.'),
    })
    .default({ subject: undefined, roles: undefined, scopes: undefined, plan: undefined })
    .describe('Where claims stand, as dotted paths: `realm_access.roles`.'),
});

export type IssuerRow = z.output<typeof issuerRow>;

/** Finds the key for a token; a promise where it must be fetched first. */
export interface KeySource {
  find(kid: string | undefined, alg: Algorithm, nowMs: number): KeyObject | undefined | Promise<KeyObject | undefined>;
}

/** An issuer made ready for verifying. */
export interface Issuer {
  /** Undefined: any token that no other issuer claims, of the one issuer that the environment sets without a name. */
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly keys: KeySource;
  readonly paths: ClaimPaths;
}

/** Reports faults of rows that a schema can't see: no key or two, weak ones, algorithms that don't fit, doubles. */
export function checkIssuers(rows: readonly IssuerRow[], report: Report): void {
  const names = new Set<string>();
  rows.forEach((row, index) => {
    const place = ['issuers', index];
    if (names.has(row.issuer)) report([...place, 'issuer'], `issuer "${row.issuer}" stands twice`);
    names.add(row.issuer);
    const given = KEY_OPTIONS.filter((name) => row[name] !== undefined);
    if (given.length !== 1) {
      report(
        place,
        given.length === 0 ? 'the issuer has no key' : `the issuer has ${given.join(' and ')}`,
        `give one of ${KEY_OPTIONS.join(', ')}`,
      );
      return;
    }
    const [option = 'secret'] = given;
    try {
      createIssuer(row);
    } catch (error) {
      report([...place, option], (error as Error).message);
    }
  });
}

const KEY_OPTIONS = ['secret', 'publicKey'] as const;

/** The issuer of a row of the file; throws with a readable reason where its key is of no use. */
export function createIssuer(row: IssuerRow): Issuer {
  const key = row.secret === undefined ? parsePublicKey(row.publicKey ?? '') : parseSecret(row.secret);
  const { subject, roles, scopes, plan } = row.claims;
  return {
    issuer: row.issuer,
    audience: row.audience,
    algorithms: fitAlgorithms(key, row.algorithms),
    keys: fixedKey(key),
    paths: {
      subject: subject ?? DEFAULT_CLAIM_PATHS.subject,
      roles: roles ?? DEFAULT_CLAIM_PATHS.roles,
      scopes: scopes ?? DEFAULT_CLAIM_PATHS.scopes,
      plan: plan ?? DEFAULT_CLAIM_PATHS.plan,
    },
  };
}

/** The issuers that the environment sets (JWT_*): one, or two where it gives a secret and a public key. */
export function createEnvironmentIssuers(settings: JwtSettings | undefined): readonly Issuer[] {
  if (settings === undefined) return [];
  const { secret, publicKeyPem, issuer, audience, algorithms } = settings;
  const keys = [
    secret === undefined ? [] : parseSecret(secret),
    publicKeyPem === undefined ? [] : parsePublicKey(publicKeyPem),
  ].flat();
  return keys.map((key) => {
    const fitting = algorithmsOf(key).filter((name) => algorithms.includes(name));
    return { issuer, audience, algorithms: fitting, keys: fixedKey(key), paths: DEFAULT_CLAIM_PATHS };
  });
}

function fixedKey(key: KeyObject): KeySource {
  return { find: () => key };
}

function fitAlgorithms(key: KeyObject, wanted: readonly Algorithm[] | undefined): readonly Algorithm[] {
  const possible = algorithmsOf(key);
  if (wanted === undefined) return possible.filter((name) => name.endsWith('256') || possible.length === 1);
  const unfit = wanted.filter((name) => !possible.includes(name));
  if (unfit.length > 0)
    throw new Error(`${unfit.join(', ')} can not be used with this key; it fits ${possible.join(', ')}`);
  return wanted;
}
