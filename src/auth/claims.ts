/** Where an issuer puts what the gateway wants to know: dotted paths into the claims, the first that is there counts. */
export interface ClaimPaths {
  readonly subject: readonly string[];
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly plan: readonly string[];
}

export const DEFAULT_CLAIM_PATHS: ClaimPaths = {
  subject: ['sub', 'id'],
  roles: ['role', 'roles'],
  scopes: ['scope', 'scp'],
  plan: ['plan', 'tier'],
};

export type Claims = Readonly<Record<string, unknown>>;

/**
 * The claim at a path: `realm_access.roles`, or a whole name that has dots itself (`https://example.com/roles`).
 * Only own members count, so `__proto__` and `constructor` are names like any other.
 */
export function findClaim(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  if (!path.includes('.')) return undefined;
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

/** A claim that is one text: a string, or a number as some issuers write ids. */
export function readText(claims: Claims, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const value = findClaim(claims, path);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

/** A claim that is a list of texts, or one text; what is not text in a list is left out. */
export function readList(claims: Claims, paths: readonly string[]): readonly string[] {
  for (const path of paths) {
    const value = findClaim(claims, path);
    if (typeof value === 'string' && value !== '') return [value];
    if (Array.isArray(value)) return value.filter((entry) => typeof entry === 'string' && entry !== '');
  }
  return [];
}

/** Scopes: one string with spaces between (RFC 8693, section 4.2), or a list. */
export function readScopes(claims: Claims, paths: readonly string[]): readonly string[] {
  return readList(claims, paths).flatMap((entry) => entry.split(' ').filter((scope) => scope !== ''));
}
