const BEARER = 'Bearer realm="turnpike"';

/** What each scheme asks for in WWW-Authenticate (RFC 9110, section 11.6.1). */
const CHALLENGES = {
  jwt: BEARER,
  introspection: BEARER,
  'forward-auth': BEARER,
  'api-key': 'ApiKey realm="turnpike"',
  basic: 'Basic realm="turnpike", charset="UTF-8"',
  mtls: 'ClientCertificate realm="turnpike"',
} as const;

/** The schemes that a route may name. */
export type SchemeName = keyof typeof CHALLENGES;

/** Schemes whose credential is a bearer token, for which RFC 6750 has words of its own. */
const TOKEN_SCHEMES: ReadonlySet<string | undefined> = new Set(['jwt', 'introspection']);

/** The challenges of all these schemes, as the value of one field. */
export function challengeOf(schemes: readonly SchemeName[]): string {
  return [...new Set(schemes.map((name) => CHALLENGES[name]))].join(', ');
}

/** The same after a credential of one of them was refused: `invalid_token` only for a token (RFC 6750, section 3.1). */
export function refusedChallenge(challenge: string, scheme: string | undefined, reason: string): string {
  if (!TOKEN_SCHEMES.has(scheme)) return challenge;
  // Reasons are our own words, without quotes or backslashes.
  return challenge.replace(BEARER, `${BEARER}, error="invalid_token", error_description="${reason}"`);
}

/** The challenge for a token whose scopes don't suffice. */
export function scopeChallenge(scopes: readonly string[]): string {
  return `${BEARER}, error="insufficient_scope", scope="${scopes.filter(isScopeToken).join(' ')}"`;
}

/** RFC 6749, section 3.3; any other text would end the quoted string. */
function isScopeToken(scope: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope);
}
