/** What asks for a bearer token (RFC 6750, section 3). */
export const BEARER_CHALLENGE = 'Bearer realm="turnpike"';

const BEARER = /^bearer +/i;
const LOOKS_LIKE_JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The token of an `Authorization` field; undefined for another scheme or none. */
export function readBearer(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  // The usual spelling first: one comparison instead of a pattern.
  if (field.startsWith('Bearer ') && field.charCodeAt(7) !== 0x20) return field.slice(7);
  const start = BEARER.exec(field);
  return start === null ? undefined : field.slice(start[0].length);
}

/** Tells a JWT from an opaque token by its shape. */
export function looksLikeJwt(token: string): boolean {
  return LOOKS_LIKE_JWT.test(token);
}
