import { z } from 'zod';

/** The schemes that a route may name. */
export type SchemeName = 'jwt' | 'api-key';

/** What a route asks of its callers: the `auth` key, in one shape whatever way it was written. */
export interface AuthRequirement {
  /** `any`: one of the schemes is enough; `all`: each is needed; `none`: nobody asks. */
  readonly mode: 'none' | 'any' | 'all';
  readonly schemes: readonly SchemeName[];
  /** True when a caller without any credential passes as nobody; an invalid credential is still refused. */
  readonly optional: boolean;
  /** Name of the query parameter that may carry an API key; undefined (the default) when only the header may. */
  readonly apiKeyQuery: string | undefined;
}

const scheme = z.union([
  z.enum(['jwt', 'api-key']),
  z.strictObject({
    'api-key': z.strictObject({
      query: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected the name of a query parameter, "api_key" for one')
        .describe(
          'Query parameter that may carry the key. Keys in URLs end in logs and histories: for clients that can set no header.',
        ),
    }),
  }),
]);
const schemes = z.array(scheme).min(1);

type SchemeInput = z.output<typeof scheme>;

const NOBODY_ASKS: AuthRequirement = { mode: 'none', schemes: [], optional: false, apiKeyQuery: undefined };

/** The `auth` key of a route. Default: `["jwt", "api-key"]`, either of them. */
export const authOption = z
  .union([
    z.literal('none'),
    scheme,
    schemes,
    z.strictObject({
      any: schemes,
      optional: z.boolean().default(false).describe('Callers without any credential pass as nobody. Default false.'),
    }),
    z.strictObject({ all: schemes }),
  ])
  .transform((written): AuthRequirement => {
    if (written === 'none') return NOBODY_ASKS;
    if (Array.isArray(written)) return requirement('any', written);
    if (typeof written === 'object' && 'any' in written) return requirement('any', written.any, written.optional);
    if (typeof written === 'object' && 'all' in written) return requirement('all', written.all);
    return requirement('any', [written]);
  });

function requirement(mode: 'any' | 'all', list: readonly SchemeInput[], optional = false): AuthRequirement {
  const withQuery = list.find((entry) => typeof entry === 'object');
  const names = list.map((entry) => (typeof entry === 'object' ? 'api-key' : entry));
  return { mode, schemes: [...new Set(names)], optional, apiKeyQuery: withQuery?.['api-key'].query };
}

/** True when the route answers only to a proven caller. */
export function isProtected(auth: AuthRequirement): boolean {
  return auth.mode !== 'none' && !auth.optional;
}

/**
 * The header fields (lower case) that carry this route's credentials and so are not sent on to the service.
 * A route that doesn't read `Authorization` leaves it to the service.
 */
export function credentialHeaders(auth: AuthRequirement, forwardCredentials: boolean): readonly string[] {
  if (forwardCredentials) return [];
  const fields = auth.schemes.map((name) => (name === 'api-key' ? 'x-api-key' : 'authorization'));
  return [...new Set(fields)];
}
