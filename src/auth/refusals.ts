import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { capitalise } from '../lib/capitalise.ts';
import { OTHER_WORD, type RefusedScheme } from './accept.ts';
import { challengeOf, refusedChallenge } from './challenges.ts';
import { createForeignHint } from './foreign-credential.ts';
import type { CredentialCheck, Refusal, RefusalKind } from './identity.ts';
import { withMetadata } from './resource-metadata.ts';
import { schemeOf } from './schemes.ts';

const USUAL = new Set(['jwt', 'api-key']);

/** Why nobody can call: nothing stands in the file that a credential could be checked by. */
function nothingConfigured(schemes: readonly CredentialCheck[]): string {
  const names = schemes.map(({ name }) => name);
  const lack = names.every((name) => USUAL.has(name))
    ? 'neither a consumer with a key nor an issuer of tokens'
    : `nobody who could prove himself by ${names.join(' or ')}`;
  return `No credential can be accepted here yet: the gateway has ${lack} (see docs/authentication.md).`;
}

/** Counts a wrong credential against whoever sent it (a dry run does not); answers the seconds to wait after one too many. */
export type CountFailure = (context: RequestContext) => number | undefined;

/** Counts it for whoever operates the gateway. */
export type CountKind = (kind: RefusalKind) => void;

/**
 * Makes the refusals of a route, each with the challenges of all its schemes (RFC 9110, section 11.6.1): 401 without
 * a credential or with a wrong one (and with the address of the route's metadata where that is published), 429 after too many wrong ones, 503 when what decides does not answer.
 */
export function createRefusals(
  schemes: readonly CredentialCheck[],
  mode: 'any' | 'all',
  isPublished: boolean,
  countFailure: CountFailure,
  countKind: CountKind,
) {
  const fixed = challengeOf(schemes.map(({ name }) => name));
  const challengeFor = (context: RequestContext) => (isPublished ? withMetadata(fixed, context) : fixed);
  const asking = schemes.flatMap(({ asks }) => asks ?? []);
  const withChallenge = (context: RequestContext, challenge: string) => ({
    headers: ['WWW-Authenticate', challenge, ...asking.flatMap((asks) => asks(context))],
  });
  const hint = createForeignHint(schemes, mode);
  const nothingSent = schemes.some((scheme) => scheme.isConfigured) ? undefined : nothingConfigured(schemes);

  /** 401 for a wrong credential, and 429 after too many of them. */
  function refuseCredential(context: RequestContext, refused: RefusedScheme): GatewayError {
    const { reason, code, kind, cause, forLog } = refused.refusal;
    if (!context.dryRun) countKind(kind);
    // A verdict of somebody else's is theirs to limit.
    const isCounted = refused.scheme !== 'forward-auth';
    const retryAfterSeconds = isCounted ? countFailure(context) : undefined;
    if (retryAfterSeconds !== undefined)
      return tooMany(retryAfterSeconds, logDetail(reason, forLog) ?? `${capitalise(reason)}.`);
    const said = refusedChallenge(challengeFor(context), refused.scheme, reason);
    const other = isOfAnotherKind(refused) ? hint(context, true) : undefined;
    const detailForLog = other === undefined ? logDetail(reason, forLog) : undefined;
    return new GatewayError(code, other ?? `${capitalise(reason)}.`, {
      ...withChallenge(context, said),
      cause,
      detailForLog,
    });
  }

  return function refuse(context: RequestContext, refused: RefusedScheme | undefined): GatewayError {
    context.trace?.push({ stage: 'authenticate', decision: refused?.refusal.reason ?? 'no credential was sent' });
    if (refused === undefined) {
      return new GatewayError(
        'unauthenticated',
        nothingSent ?? hint(context, false),
        withChallenge(context, challengeFor(context)),
      );
    }
    const { code, passedOn } = refused.refusal;
    if (passedOn !== undefined || code !== 'invalid_credential')
      return refuseAs(refused.refusal, challengeFor(context));
    return refuseCredential(context, refused);
  };
}

/** What was wrong with the last one of them is for the log. */
function tooMany(retryAfterSeconds: number, detailForLog: string): GatewayError {
  return new GatewayError('too_many_failures', undefined, { retryAfterSeconds, detailForLog });
}

/** Whether it may have been a credential of another kind: an API key is no valid token, for one. */
function isOfAnotherKind(refused: RefusedScheme): boolean {
  return refused === OTHER_WORD || (refused.scheme !== undefined && schemeOf(refused.scheme).isToken === true);
}

/** A refusal that is no credential's fault, or somebody else's decision. */
function refuseAs({ reason, code, cause, passedOn, forLog }: Refusal, challenge: string): GatewayError {
  if (code === 'auth_unavailable') return new GatewayError(code, undefined, { cause });
  const asks = passedOn?.status === 401 ? { headers: ['WWW-Authenticate', challenge] } : undefined;
  const detailForLog = logDetail(reason, forLog);
  return new GatewayError(code, `${capitalise(reason)}.`, { ...asks, passedOn, cause, detailForLog });
}

function logDetail(reason: string, forLog: string | undefined): string | undefined {
  return forLog === undefined ? undefined : `${capitalise(reason)}: ${forLog}.`;
}
