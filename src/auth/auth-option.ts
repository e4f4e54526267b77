import { z } from 'zod';
import type { SchemeName } from './challenges.ts';
import { type ForwardAuthOptions, forwardAuthOption } from './forward-auth.ts';

/** What a route asks of its callers: the `auth` key, in one shape whatever way it was written. */
export interface AuthRequirement {
  /** `any`: one of the schemes is enough; `all`: each is needed; `none`: nobody asks. */
  readonly mode: 'none' | 'any' | 'all';
  readonly schemes: readonly SchemeName[];
  /** True when a caller without any credential passes as nobody; an invalid credential is still refused. */
  readonly optional: boolean;
  /** Name of the query parameter that may carry an API key; undefined (the default) when only the header may. */
  readonly apiKeyQuery: string | undefined;
  /** Lower-case name of the field in which a trusted load balancer tells the client's certificate. */
  readonly certificateField: string;
  readonly forwardAuth: ForwardAuthOptions | undefined;
}

const apiKeyOptions = z.strictObject({
  query: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected the name of a query parameter, "api_key" for one')
    .describe(
      'Query parameter that may carry the key. Keys in URLs end in logs and histories: for clients that can set no header.',
    ),
});

const mtlsOptions = z.strictObject({
  header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header field')
    .transform((name) => name.toLowerCase())
    .describe("Field in which a trusted load balancer sends the client's certificate. Default Client-Cert (RFC 9440)."),
});

const scheme = z.union([
  z.enum(['jwt', 'api-key', 'introspection', 'basic', 'mtls']),
  z.strictObject({ 'api-key': apiKeyOptions }),
  z.strictObject({ mtls: mtlsOptions }),
  z.strictObject({ 'forward-auth': forwardAuthOption }),
]);
const schemes = z.array(scheme).min(1);

type SchemeInput = z.output<typeof scheme>;

const DEFAULT_CERTIFICATE_FIELD = 'client-cert';
const NOBODY_ASKS: AuthRequirement = {
  mode: 'none',
  schemes: [],
  optional: false,
  apiKeyQuery: undefined,
  certificateField: DEFAULT_CERTIFICATE_FIELD,
  forwardAuth: undefined,
};

const formOption = z.union([
  z.literal('none'),
  scheme,
  schemes,
  z.strictObject({
    any: schemes,
    optional: z.boolean().default(false).describe('Callers without any credential pass as nobody. Default false.'),
  }),
  z.strictObject({ all: schemes }),
]);

const IMPLIED: AuthRequirement = { ...NOBODY_ASKS, mode: 'any', schemes: ['jwt', 'api-key'] };

/** The `auth` key of a route. Default: `["jwt", "api-key"]`, either of them. */
export const authOption = formOption
  .optional()
  .transform((written) => (written === undefined ? IMPLIED : readRequirement(written)));

/** The keys of a route that say who may call; those of the stage authenticate. */
export const authKeys = {
  auth: authOption.describe(
    'Who may call: "none", a scheme, a list (any of them), {"any": [...], "optional": true} or {"all": [...]}. Default ["jwt", "api-key"].',
  ),
  forwardCredentials: z.boolean().default(false).describe('Sends the credential on to the service. Default false.'),
};

function readRequirement(written: z.output<typeof formOption>): AuthRequirement {
  if (written === 'none') return NOBODY_ASKS;
  if (Array.isArray(written)) return createRequirement('any', written);
  if (typeof written === 'object' && 'any' in written) return createRequirement('any', written.any, written.optional);
  if (typeof written === 'object' && 'all' in written) return createRequirement('all', written.all);
  return createRequirement('any', [written]);
}

function createRequirement(mode: 'any' | 'all', list: readonly SchemeInput[], optional = false): AuthRequirement {
  let requirement: AuthRequirement = { ...NOBODY_ASKS, mode, optional };
  const names = new Set<SchemeName>();
  for (const entry of list) {
    if (typeof entry === 'string') names.add(entry);
    else names.add(Object.keys(entry)[0] as SchemeName);
    if (typeof entry === 'string') continue;
    if ('api-key' in entry) requirement = { ...requirement, apiKeyQuery: entry['api-key'].query };
    else if ('mtls' in entry) requirement = { ...requirement, certificateField: entry.mtls.header };
    else requirement = { ...requirement, forwardAuth: entry['forward-auth'] };
  }
  // Whoever has to ask somebody comes last, however it was written.
  const schemes = [...names].sort((a, b) => Number(a === 'forward-auth') - Number(b === 'forward-auth'));
  return { ...requirement, schemes };
}

/** True when the route answers only to a proven caller. */
export function isProtected(auth: AuthRequirement): boolean {
  return auth.mode !== 'none' && !auth.optional;
}

/**
 * The header fields (lower case) that are not sent on as the client wrote them: those that carry this route's
 * credentials, and those that the service is told by an auth service alone, also when another scheme let the caller in.
 * A route that doesn't read `Authorization` leaves it to the service.
 */
export function credentialHeaders(auth: AuthRequirement, forwardCredentials: boolean): readonly string[] {
  const verdict = auth.forwardAuth?.copyHeaders ?? [];
  if (forwardCredentials) return verdict;
  const fields = auth.schemes.flatMap((name) => {
    if (name === 'api-key') return ['x-api-key'];
    if (name === 'mtls') return [auth.certificateField];
    // A cookie is the service's session as well: it stays.
    if (name === 'forward-auth') return auth.forwardAuth?.requestHeaders.filter((field) => field !== 'cookie') ?? [];
    return ['authorization'];
  });
  return [...new Set([...fields, ...verdict])];
}
