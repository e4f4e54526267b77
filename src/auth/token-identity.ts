import type { Consumer } from '../facts.ts';
import { qualify } from '../lib/qualify.ts';
import { type ClaimPaths, type Claims, readList, readScopes, readText } from './claims.ts';
import { consumerOf } from './consumer-identity.ts';
import type { ConsumerRow } from './consumers.ts';
import { createIdentity, type Outcome, Refusal } from './identity.ts';
import type { IssuerName } from './issuer-names.ts';

const MAX_SUBJECT_CHARS = 1024;
/** Who asked for the token: OpenID Connect Core 2, and RFC 8693, section 4.3. */
const CLIENT_CLAIMS = ['azp', 'client_id'];

const LONG_SUBJECT = new Refusal('the subject of the token is too long');

/** What an issuer may give at most; undefined: anything. */
export interface Allowance {
  readonly roles?: readonly string[] | undefined;
  readonly plans?: readonly string[] | undefined;
}

/** Whose claims they are, where they stand, and what they may say. */
export interface ClaimSource {
  readonly issuer: IssuerName;
  readonly paths: ClaimPaths;
  readonly allow: Allowance | undefined;
}

/** What all kinds of tokens share of one snapshot. */
export interface TokenCallers {
  /** The consumers that clients are mapped to, by issuer and client. */
  readonly clients: ReadonlyMap<string, Consumer>;
  /** True where there is more than one issuer, so that the service must be told whose user it is. */
  readonly tellsIssuer: boolean;
}

export const NO_CALLERS: TokenCallers = { clients: new Map(), tellsIssuer: false };

/** Maps clients to consumers, for issuers of these names. */
export function createTokenCallers(consumers: readonly ConsumerRow[], issuers: readonly IssuerName[]): TokenCallers {
  const clients = new Map<string, Consumer>();
  for (const row of consumers) {
    for (const { issuer, id } of row.clients)
      clients.set(qualify(issuer ?? defaultIssuer(issuers), id), consumerOf(row));
  }
  return { clients, tellsIssuer: issuers.length > 1 };
}

/** The issuer of a client whose row names none: the one without a name, or else the only one. */
function defaultIssuer(issuers: readonly IssuerName[]): IssuerName {
  return issuers.includes(undefined) ? undefined : issuers[0];
}

/**
 * Who a token speaks for, by its claims. Without a subject that is the client it was given to (RFC 9068, section 2.2);
 * where that client is mapped to a consumer, consumer and plan are the consumer's, and its roles come on top.
 */
export function identifyByClaims(
  method: string,
  claims: Claims,
  { issuer, paths, allow }: ClaimSource,
  { clients, tellsIssuer }: TokenCallers,
  expiresAtMs: number | undefined,
): Outcome {
  const client = readText(claims, CLIENT_CLAIMS);
  const subject = readText(claims, paths.subject) ?? client;
  if (subject !== undefined && subject.length > MAX_SUBJECT_CHARS) return LONG_SUBJECT;
  const consumer = client === undefined ? undefined : clients.get(qualify(issuer, client));
  const roles = keepAllowed(readList(claims, paths.roles), allow?.roles);
  const [plan] = keepAllowed(
    [readText(claims, paths.plan)].filter((name) => name !== undefined),
    allow?.plans,
  );
  return createIdentity(method, {
    consumer,
    subject,
    issuer,
    tellsIssuer,
    roles: consumer === undefined ? roles : [...new Set([...roles, ...consumer.roles])],
    scopes: readScopes(claims, paths.scopes),
    plan: consumer?.plan ?? plan,
    claims,
    expiresAtMs,
  });
}

function keepAllowed(names: readonly string[], allowed: readonly string[] | undefined): readonly string[] {
  return allowed === undefined ? names : names.filter((name) => allowed.includes(name));
}
