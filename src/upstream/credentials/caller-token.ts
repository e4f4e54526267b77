import { sign } from 'node:crypto';
import type { RequestContext } from '../../context.ts';
import type { Clock } from '../../lib/clock.ts';
import { randomHex } from '../../lib/random-hex.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { CredentialPart } from './credential.ts';
import type { CallerTokenOptions } from './options.ts';
import type { TokenKey, TokenKeys } from './token-keys.ts';

/** Callers whose token is kept, twice as many at most; others cost a signature a request, 0.1 to 0.4 ms of the loop. */
const REMEMBERED = 2_000;
/** Of roles, and of scopes: services often stop at 8 KiB of header fields. */
const MAX_LIST_CHARS = 2048;

interface Kept {
  readonly token: string;
  readonly kid: string;
  readonly useUntilMs: number;
  readonly expiresAtMs: number;
}

/**
 * A JWT (RFC 7519) of the gateway that says who calls: a service that checks it need not believe the network. A caller
 * has the same one for half of its time.
 */
export function callerToken(options: CallerTokenOptions, keys: TokenKeys, clock: Clock): CredentialPart {
  const { header, perRequest } = options;
  const kept = new RecentMap<string, Kept>(REMEMBERED);
  const prefix = header === 'authorization' ? 'Bearer ' : '';

  function tokenFor(context: RequestContext): string {
    const now = clock.now();
    const key = keys.current();
    const { credentialExpiresAtMs = Number.POSITIVE_INFINITY } = context;
    if (perRequest) return signToken(context, options, { key, issuer: keys.issuer, now }).token;
    const caller = callerOf(context, keys.issuer);
    const known = kept.get(caller);
    if (known?.kid === key.kid && now < known.useUntilMs && known.expiresAtMs <= credentialExpiresAtMs)
      return known.token;
    const made = signToken(context, options, { key, issuer: keys.issuer, now });
    kept.set(caller, { ...made, kid: key.kid, useUntilMs: now + (made.expiresAtMs - now) / 2 });
    return made.token;
  }

  return {
    kind: 'token',
    fields: [header],
    add(fields, { context }) {
      fields.push(header, prefix + tokenFor(context));
      return undefined;
    },
  };
}

/** All that a token says of its caller, as one text. */
function callerOf(context: RequestContext, issuer: string): string {
  const { subject, issuer: userIssuer, consumer, roles, scopes, plan, authMethod } = context;
  return JSON.stringify([issuer, subject, userIssuer, consumer?.name, roles, scopes, plan, authMethod]);
}

interface Signing {
  readonly key: TokenKey;
  readonly issuer: string;
  readonly now: number;
}

function signToken(
  context: RequestContext,
  { audience, ttl, perRequest }: CallerTokenOptions,
  { key, issuer, now }: Signing,
): { token: string; expiresAtMs: number } {
  // It is not good for longer than what the caller has shown.
  const expiresAtMs = Math.min(now + ttl, context.credentialExpiresAtMs ?? Number.POSITIVE_INFINITY);
  const claims = {
    iss: issuer,
    aud: audience.length === 1 ? audience[0] : audience,
    ...describeCaller(context),
    request_id: perRequest ? context.requestId : undefined,
    jti: randomHex(16),
    iat: Math.floor(now / 1000),
    exp: Math.floor(expiresAtMs / 1000),
  };
  const text = `${encode({ alg: key.algorithm, typ: 'JWT', kid: key.kid })}.${encode(claims)}`;
  if (key.privateKey === undefined) throw new Error('this key signs nothing');
  const isEcdsa = key.algorithm === 'ES256';
  // ECDSA as two numbers side by side (RFC 7518, section 3.4).
  const signature = sign(isEcdsa ? 'sha256' : null, Buffer.from(text), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return { token: `${text}.${signature.toString('base64url')}`, expiresAtMs };
}

/** Who calls, as X-User-Id and its kin say it; a caller who has proven nothing has no `sub` and no `consumer`. */
function describeCaller({ subject, issuer, tellsIssuer, consumer, roles, scopes, plan, authMethod }: RequestContext) {
  return {
    sub: subject,
    // A subject is one for its issuer alone.
    user_issuer: tellsIssuer ? issuer : undefined,
    consumer: consumer?.name,
    roles: roles.length === 0 ? undefined : cut(roles),
    // As access tokens have it (RFC 8693, section 4.2).
    scope: scopes.length === 0 ? undefined : cut(scopes).join(' '),
    plan,
    auth_method: authMethod,
  };
}

/** The later ones are left out where there are too many. */
function cut(list: readonly string[]): readonly string[] {
  let chars = 0;
  const end = list.findIndex((one) => {
    chars += one.length + 1;
    return chars > MAX_LIST_CHARS;
  });
  return end === -1 ? list : list.slice(0, end);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
