import type { RequestContext } from '../context.ts';
import type { PassedOn } from '../errors.ts';
import type { Consumer } from '../facts.ts';
import { deepFreeze } from '../lib/deep-freeze.ts';
import { encodeHeaderText } from '../lib/header-text.ts';
import type { RecordedCaller } from './recorded.ts';

/** What a proven credential says about the caller. Frozen: one identity serves many requests. */
export interface Identity {
  /** `jwt`, `api-key` and so on; several are joined with `+`. */
  readonly method: string;
  readonly consumer: Consumer | undefined;
  readonly subject: string | undefined;
  /** Who vouches for the subject; undefined for the issuer without a name, and where there is none. */
  readonly issuer: string | undefined;
  /** True where the service must be told the issuer. */
  readonly tellsIssuer: boolean;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  readonly plan: string | undefined;
  /** Epoch milliseconds; undefined for a credential without an end. */
  readonly expiresAtMs: number | undefined;
  /** The identity fields for the service, name and value by turns, safe to send as they are. */
  readonly upstreamHeaders: readonly string[];
}

/** What a refused credential answers: none that counts, or a wrong one (401), known but not allowed, or sent by a foreign page (403), a copy of what has passed (409), nobody could tell (503). */
export type RefusalCode =
  | 'unauthenticated'
  | 'invalid_credential'
  | 'forbidden'
  | 'origin_refused'
  | 'signature_replayed'
  | 'auth_unavailable';

interface RefusalExtras {
  /** Default `invalid_credential`. */
  readonly code?: RefusalCode;
  readonly cause?: unknown;
  /** More of the reason, which the client is not told. */
  readonly forLog?: string;
  readonly passedOn?: PassedOn;
  readonly expired?: ExpiredKey;
}

/** A key that was good once: whose it is. */
export interface ExpiredKey {
  readonly consumer: string;
  readonly keyId: string;
  /** Epoch milliseconds of its end. */
  readonly sinceMs: number;
}

/** Why a credential was not accepted. The reason is told to the client, so it never quotes the credential. */
export class Refusal {
  readonly reason: string;
  readonly code: RefusalCode;
  /** For the log alone. */
  readonly cause: unknown;
  readonly forLog: string | undefined;
  /** What whoever decided answers the client. */
  readonly passedOn: PassedOn | undefined;
  /** The key that was sent, where it was good once; for operators alone. */
  readonly expired: ExpiredKey | undefined;

  constructor(reason: string, extras: RefusalExtras = {}) {
    const { code = 'invalid_credential', cause, forLog, passedOn, expired } = extras;
    this.reason = reason;
    this.code = code;
    this.cause = cause;
    this.forLog = forLog;
    this.passedOn = passedOn;
    this.expired = expired;
  }
}

export type Outcome = Identity | Refusal;

/** One scheme as it checks the requests of one route. */
export interface CredentialCheck {
  /** The scheme's. */
  readonly name: string;
  /** The word, in lower case, that its credentials in `Authorization` begin with; `*` for any, undefined when it reads another field. */
  readonly authorizationWord: string | undefined;
  /** False when nothing is configured that could ever be accepted. */
  readonly isConfigured: boolean;
  /** True when somebody has to be asked each time: where any scheme will do, it is left out once another has said who calls. */
  readonly isLastResort: boolean;
  /** Fields, names and values by turns, that say more of what is asked for than a challenge does. */
  readonly asks?: (context: RequestContext) => readonly string[];
  /**
   * The same of a caller that was recorded, in whose place the credential is gone; undefined where nobody can tell without
   * the credential, or without asking. Left out where that is always so.
   */
  readonly recognize?: (caller: RecordedCaller, atMs: number) => Outcome | undefined;
  /** The caller, or why not; undefined when no credential of this scheme was sent. Sync unless it must ask someone. */
  check(context: RequestContext, nowMs: number): Outcome | Promise<Outcome> | undefined;
}

// Services often stop at 8 KiB of header fields: a token full of roles must not make each of its calls a 431.
const MAX_ROLES_CHARS = 4096;

type Facts = Partial<Omit<Identity, 'method' | 'upstreamHeaders'>>;

/** An identity of one scheme; the fields for the service are rendered here, once. */
export function createIdentity(method: string, facts: Facts): Identity {
  const { consumer, subject, issuer, tellsIssuer = false } = facts;
  const { roles = NONE, scopes = NONE, claims, plan, expiresAtMs } = facts;
  const upstreamHeaders: string[] = [];
  if (subject !== undefined) upstreamHeaders.push('X-User-Id', encodeHeaderText(subject));
  if (tellsIssuer && issuer !== undefined) upstreamHeaders.push('X-User-Issuer', encodeHeaderText(issuer));
  const roleList = renderRoles(roles);
  if (roleList !== '') upstreamHeaders.push('X-User-Role', roleList);
  if (consumer !== undefined) upstreamHeaders.push('X-Consumer-Name', encodeHeaderText(consumer.name));
  upstreamHeaders.push('X-Auth-Method', method);
  // It serves all requests of its credential, and own stages see it.
  for (const seen of [roles, scopes, claims, upstreamHeaders]) deepFreeze(seen);
  return { method, consumer, subject, issuer, tellsIssuer, roles, scopes, claims, plan, expiresAtMs, upstreamHeaders };
}

const TWO_CONSUMERS = new Refusal('the credentials belong to different consumers');

/**
 * One caller out of two valid credentials: the consumer and its plan from the key, or else from the one that names a
 * consumer, the user and the claims from the one that names a user (the token), the roles and scopes of both, the
 * earlier end. In which order they come makes no difference to the consumer. Those of two consumers are nobody's: it
 * would act for the one with what the other may.
 */
export function combineIdentities(first: Identity, second: Identity): Outcome {
  if (first.consumer !== undefined && second.consumer !== undefined && first.consumer.name !== second.consumer.name)
    return TWO_CONSUMERS;
  const withConsumer = carriesConsumer(first, second) ? first : second;
  const withUser = first.claims === undefined && first.subject === undefined ? second : first;
  const method = first.method === second.method ? first.method : `${first.method}+${second.method}`;
  return createIdentity(method, {
    consumer: withConsumer.consumer,
    plan: withConsumer.consumer === undefined ? (first.plan ?? second.plan) : withConsumer.plan,
    subject: withUser.subject,
    issuer: withUser.issuer,
    tellsIssuer: withUser.tellsIssuer,
    claims: withUser.claims,
    roles: [...new Set([...first.roles, ...second.roles])],
    scopes: [...new Set([...first.scopes, ...second.scopes])],
    expiresAtMs: earlier(first.expiresAtMs, second.expiresAtMs),
  });
}

/** Whether the first of two says which consumer calls: a key before all others, since it may hold less than its owner. */
function carriesConsumer(first: Identity, second: Identity): boolean {
  if (first.consumer === undefined || second.consumer === undefined) return first.consumer !== undefined;
  return first.consumer.key !== undefined || second.consumer.key === undefined;
}

/** Puts the caller into the context, and the identity fields into what is sent on. */
export function applyIdentity(context: RequestContext, identity: Identity): void {
  context.consumer = identity.consumer;
  context.subject = identity.subject;
  context.issuer = identity.issuer;
  context.tellsIssuer = identity.tellsIssuer;
  context.roles = identity.roles;
  context.scopes = identity.scopes;
  context.claims = identity.claims;
  context.plan = identity.plan;
  context.authMethod = identity.method;
  context.credentialExpiresAtMs = identity.expiresAtMs;
  const fields = identity.upstreamHeaders;
  for (let i = 0; i < fields.length; i += 1) context.upstreamHeaders.push(fields[i] as string);
}

/** Roles as a comma list that ends at a role's end; the later ones are left out where it grows too long. */
function renderRoles(roles: readonly string[]): string {
  let list = '';
  for (const role of roles) {
    const encoded = encodeHeaderText(role);
    if (list.length + encoded.length + 1 > MAX_ROLES_CHARS) break;
    list += list === '' ? encoded : `,${encoded}`;
  }
  return list;
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

const NONE: readonly never[] = Object.freeze([]);
