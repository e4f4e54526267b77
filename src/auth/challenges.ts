import { BEARER_CHALLENGE } from './bearer.ts';
import { schemeOf } from './schemes.ts';

/** The challenges of all these schemes, as the value of one field. */
export function challengeOf(schemes: readonly string[]): string {
  return [...new Set(schemes.map((name) => schemeOf(name).challenge))].join(', ');
}

/** The same after a credential of one of them was refused: `invalid_token` only for a token (RFC 6750, section 3.1). */
export function refusedChallenge(challenge: string, scheme: string | undefined, reason: string): string {
  if (scheme === undefined || schemeOf(scheme).isToken !== true) return challenge;
  // Reasons are our own words, without quotes or backslashes.
  return challenge.replace(
    BEARER_CHALLENGE,
    `${BEARER_CHALLENGE}, error="invalid_token", error_description="${reason}"`,
  );
}

/** The challenge for a token whose scopes don't suffice. */
export function scopeChallenge(scopes: readonly string[]): string {
  return `${BEARER_CHALLENGE}, error="insufficient_scope", scope="${scopes.filter(isScopeToken).join(' ')}"`;
}

/** RFC 6749, section 3.3; any other text would end the quoted string. */
function isScopeToken(scope: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope);
}
