import type { Logger } from 'winston';
import type { FindingId } from '../findings.ts';
import type { JwtSettings } from '../settings.ts';
import type { IssuerRow } from './issuers.ts';

const SHOWN_NAMES = 5;
/** For who looks them up by name; a line of the log stays one that can be read. */
const NAMED_IN_LOG = 50;

/**
 * Says once per load which routes nobody can ever call. They are named one by one and all in one go, when they come into
 * force, so the warning waits for the end of that.
 */
export function createUnusableWarning(log: Pick<Logger, 'warn'>): (route: string) => void {
  let routes: string[] = [];

  function warn(): void {
    const shown = routes.slice(0, SHOWN_NAMES).map((name) => `"${name}"`);
    if (routes.length > SHOWN_NAMES) shown.push(`and ${routes.length - SHOWN_NAMES} more`);
    const which = routes.length === 1 ? 'one route answers' : `${routes.length} routes answer`;
    log.warn(
      `${which} 401 to everyone, since no credential that they accept is configured (JWT_SECRET or another JWT_ setting, "issuers", "consumers"): ${shown.join(', ')}`,
      { finding: 'nobody-can-call' satisfies FindingId, routes: routes.slice(0, NAMED_IN_LOG) },
    );
    routes = [];
  }

  return function addUnusable(route) {
    if (routes.push(route) === 1) queueMicrotask(warn);
  };
}

/**
 * Says which issuers name no audience: a token that such an issuer made out for another service passes here. The
 * HMAC secret of the environment is not meant: whoever has it makes tokens for this gateway as they like.
 */
export function warnWithoutAudience(
  rows: readonly IssuerRow[],
  jwt: JwtSettings | undefined,
  log: Pick<Logger, 'warn'>,
): void {
  const names = rows.filter(({ audience }) => audience === undefined).map(({ issuer }) => `"${issuer}"`);
  const isPublished = jwt?.jwksUrl !== undefined || jwt?.publicKeyPem !== undefined;
  if (isPublished && jwt.audience === undefined) names.push('that of the environment (JWT_AUDIENCE)');
  if (names.length === 0) return;
  log.warn(
    `no "audience" is set for ${names.length === 1 ? 'issuer' : 'issuers'} ${names.join(', ')}: tokens meant for other services pass here`,
    { finding: 'audience-unchecked' satisfies FindingId },
  );
}

/** Says whose keys come over plain http: who is on the way there can put in a key of their own. */
export function warnOfPlainHttp(rows: readonly IssuerRow[], log: Pick<Logger, 'warn'>): void {
  const names = rows.filter(({ allowHttp }) => allowHttp === true).map(({ issuer }) => `"${issuer}"`);
  if (names.length === 0) return;
  const which = names.length === 1 ? 'issuer' : 'issuers';
  log.warn(
    `the keys of ${which} ${names.join(', ')} may come over plain http: whoever is on the way can be anybody here`,
    { finding: 'keys-over-http' satisfies FindingId },
  );
}
