import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { CredentialPlaces } from '../lib/hidden-values.ts';
import { type ChosenScheme, type CredentialsFile, SCHEMES, schemeOf, takesOpaqueBearer } from './schemes.ts';
import type { TokenPlaces } from './token-places.ts';

/** What a route asks of its callers: the `auth` key, in one shape whatever way it was written. */
export interface AuthRequirement {
  /** `any`: one of the schemes is enough; `all`: each is needed; `none`: nobody asks. */
  readonly mode: 'none' | 'any' | 'all';
  /** Their names, each once, in the order in which they are asked. */
  readonly schemes: readonly string[];
  /** The same with their options; of a scheme that may stand twice, each. */
  readonly chosen: readonly ChosenScheme[];
  /** True when a caller without any credential passes as nobody; an invalid credential is still refused. */
  readonly optional: boolean;
}

const bareNames = SCHEMES.filter(({ bare }) => bare !== undefined).map(({ name }) => name);
const withOptions = SCHEMES.flatMap(({ name, options }) =>
  options === undefined ? [] : [z.strictObject({ [name]: options })],
);
const scheme = z.union([z.enum(bareNames), ...withOptions]);
const schemes = z.array(scheme).min(1);

type SchemeInput = z.output<typeof scheme>;

const NOBODY_ASKS: AuthRequirement = { mode: 'none', schemes: [], chosen: [], optional: false };

const anyOf = z.strictObject({
  any: schemes,
  optional: z.boolean().default(false).describe('Callers without any credential pass as nobody. Default false.'),
});
const allOf = z.strictObject({ all: schemes });
const formOption = z.union([z.literal('none'), scheme, schemes, anyOf, allOf]);

type Form = z.output<typeof formOption>;

/** The `auth` key of a route. Default: `["jwt", "api-key"]`, either of them. */
export const authOption = formOption.optional().transform((written) => readRequirement(written ?? ['jwt', 'api-key']));

/** The keys of a route that say who may call; those of the stage authenticate. */
export const authKeys = {
  auth: authOption.describe(
    'Who may call: "none", a scheme, a list (any of them), {"any": [...], "optional": true} or {"all": [...]}. Default ["jwt", "api-key"].',
  ),
  issuers: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Issuers whose tokens this route takes, by their names. Default: all.'),
  resourceMetadata: z
    .boolean()
    .default(false)
    .describe(
      'Publishes who gives tokens for the route (RFC 9728), and names that document where one is missing. Default false.',
    ),
  forwardCredentials: z.boolean().default(false).describe('Sends the credential on to the service. Default false.'),
};

function readRequirement(written: Form): AuthRequirement {
  if (written === 'none') return NOBODY_ASKS;
  if (Array.isArray(written)) return createRequirement('any', written);
  if (isAnyOf(written)) return createRequirement('any', written.any, written.optional);
  if (isAllOf(written)) return createRequirement('all', written.all);
  return createRequirement('any', [written]);
}

function isAnyOf(written: Form): written is z.output<typeof anyOf> {
  return typeof written === 'object' && 'any' in written;
}

function isAllOf(written: Form): written is z.output<typeof allOf> {
  return typeof written === 'object' && 'all' in written;
}

function createRequirement(mode: 'any' | 'all', list: readonly SchemeInput[], optional = false): AuthRequirement {
  const chosen: ChosenScheme[] = [];
  for (const entry of list) {
    const [name, written] = typeof entry === 'string' ? [entry] : (Object.entries(entry)[0] as [string, object]);
    const one = { name, options: written ?? (schemeOf(name).bare as object) };
    // The same twice is one; two of a kind with options of their own are two.
    if (!chosen.some((other) => isDeepStrictEqual(other, one))) chosen.push(one);
  }
  // Whoever has to ask somebody comes last, however it was written.
  chosen.sort((a, b) => rankOf(a) - rankOf(b));
  return { mode, schemes: [...new Set(chosen.map(({ name }) => name))], chosen, optional };
}

/** Before what has to be asked of somebody comes what passes once, and before that what may refuse at no cost. */
function rankOf({ name }: ChosenScheme): number {
  const { isLastResort = false, passesOnce = false } = schemeOf(name);
  return isLastResort ? 2 : Number(passesOnce);
}

/** The scheme without which nobody is let in, and which proves a request as it was sent alone; undefined where none is. */
export function findSignedScheme({ mode, chosen, optional }: AuthRequirement): string | undefined {
  const signed = chosen.filter(({ name }) => schemeOf(name).provesWholeRequest === true);
  const isNeeded = mode === 'all' || (!optional && signed.length === chosen.length);
  return isNeeded ? signed[0]?.name : undefined;
}

/** Why two of a kind on one route can't both count; undefined where they can. */
export function findRepeat({ mode, chosen }: AuthRequirement): { message: string; hint: string } | undefined {
  const name = chosen.find((one, at) => chosen.findIndex((other) => other.name === one.name) < at)?.name;
  if (name === undefined) return undefined;
  const { isLastResort = false, mayRepeat = false } = schemeOf(name);
  if (!mayRepeat) {
    return { message: `"${name}" stands twice, with different options`, hint: 'write it once, with its options' };
  }
  if (mode === 'all' || !isLastResort) return undefined;
  // Where the first lets a caller in, any other is left out; where it doesn't, the call is refused.
  return { message: `the second "${name}" would never be asked`, hint: 'write {"all": [...]}, or keep one of them' };
}

/** Why two schemes of a route can't read what they are to read; undefined where they can. */
export function findClash({ chosen }: AuthRequirement): { message: string; hint: string } | undefined {
  const [places, ...others] = tokenPlacesOf(chosen);
  if (others.some((other) => !isDeepStrictEqual(places, other))) {
    const message = '"jwt" and "introspection" take tokens from different places';
    return { message, hint: 'write the same options for both' };
  }
  const takers = chosen.filter(takesOpaqueBearer).map(({ name }) => `"${name}"`);
  if (takers.length > 1) {
    const message = `${takers.join(' and ')} both take a bearer that is no JWT`;
    return { message, hint: 'take "header" from "api-key", or one of them from the route' };
  }
  const inQuery = chosen.filter(({ name, options }) => schemeOf(name).queryParameter?.(options) !== undefined);
  if (new Set(inQuery.map(({ name }) => schemeOf(name).isToken === true)).size < 2) return undefined;
  return { message: 'only one kind of credential can come in the query', hint: 'take "query" from one of them' };
}

/** Where the tokens of these schemes may come from. */
export function tokenPlacesOf(chosen: readonly ChosenScheme[]): readonly TokenPlaces[] {
  return chosen.flatMap(({ name, options }) => schemeOf(name).tokenPlaces?.(options) ?? []);
}

/** Whether the route has a document that says who gives tokens for it. */
export function hasMetadata({ auth, resourceMetadata }: { auth: AuthRequirement; resourceMetadata: boolean }): boolean {
  return resourceMetadata && auth.chosen.some(({ name }) => schemeOf(name).isToken === true);
}

/** True when the route answers only to a proven caller. */
export function isProtected(auth: AuthRequirement): boolean {
  return auth.mode !== 'none' && !auth.optional;
}

/**
 * The header fields (lower case) that are not sent on as the client wrote them: those that carry this route's
 * credentials, and those that the service is told by an auth service alone, also when another scheme let the caller in.
 * Where nothing but certificates or `forward-auth` is asked for, an `Authorization` that those don't read is left to the service.
 */
export function credentialHeaders({ chosen }: AuthRequirement, forwardCredentials: boolean): readonly string[] {
  const verdict = chosen.flatMap(({ name, options }) => schemeOf(name).verdictFields?.(options) ?? []);
  if (forwardCredentials) return verdict;
  const fields = chosen.flatMap(({ name, options }) => schemeOf(name).credentialFields(options));
  return [...new Set([...fields, ...verdict])];
}

/** Where the credentials of this route may be, whether they are sent on or not. */
export function credentialPlaces(auth: AuthRequirement): { fields: readonly string[]; cookies: readonly string[] } {
  return {
    fields: credentialHeaders(auth, false),
    cookies: tokenPlacesOf(auth.chosen).flatMap(({ cookie }) => cookie ?? []),
  };
}

/** Where some route takes a credential. */
export function allCredentialPlaces(auths: readonly AuthRequirement[]): CredentialPlaces {
  return {
    parameters: new Set(auths.flatMap((auth) => credentialParameter(auth)?.toLowerCase() ?? [])),
    fields: new Set(auths.flatMap((auth) => credentialPlaces(auth).fields)),
  };
}

/** What a route is told of the credentials that it takes. */
export function credentialsOf(auth: AuthRequirement, forwardCredentials: boolean) {
  return {
    isProtected: isProtected(auth),
    credentialHeaders: credentialHeaders(auth, forwardCredentials),
    credentialPlaces: credentialPlaces(auth),
    credentialParameter: credentialParameter(auth),
  };
}

/** The fields (lower case) of this route that prove who calls by being there; see `Scheme.isPeerProof`. */
export function peerProofFields({ chosen }: AuthRequirement): readonly string[] {
  return chosen.flatMap(({ name, options }) => {
    const scheme = schemeOf(name);
    return scheme.isPeerProof === true ? scheme.credentialFields(options) : [];
  });
}

/**
 * The schemes of the gateway's own routes, as a person would write them: those that the file makes possible. What a
 * peer proves by a field alone is believed in the fields that its routes name, and in no other.
 */
export function ownSchemes(file: CredentialsFile, auths: readonly AuthRequirement[]): readonly (string | object)[] {
  return SCHEMES.filter((scheme) => scheme.isPossible(file)).flatMap(({ name, isPeerProof }): (string | object)[] => {
    if (isPeerProof !== true) return [name];
    const named = auths.flatMap(({ chosen }) => chosen.filter((one) => one.name === name));
    return [...new Map(named.map(({ options }) => [JSON.stringify(options), { [name]: options }])).values()];
  });
}

/** Name of the query parameter that may carry a credential here, if any. */
export function credentialParameter({ chosen }: AuthRequirement): string | undefined {
  for (const { name, options } of chosen) {
    const parameter = schemeOf(name).queryParameter?.(options);
    if (parameter !== undefined) return parameter;
  }
  return undefined;
}
