import { createHash, hash } from 'node:crypto';
import { bodyOf } from '../body/body-of.ts';
import { findCacheTerms } from '../cache-terms.ts';
import type { RequestContext } from '../context.ts';
import { toldField } from './told-field.ts';

/** Of a route, what its requests are told apart by. */
export interface Distinctions {
  /** Lower-case names of the fields that carry a credential and stop at the gateway. */
  readonly credentialHeaders: readonly string[];
  /** What carries a credential, sent on or not. */
  readonly credentialPlaces?: { readonly fields: readonly string[]; readonly cookies: readonly string[] };
  /** Name of the query parameter that may carry one. */
  readonly credentialParameter?: string | undefined;
}

/** Fields that tell a service who calls, where the gateway has not proven a user. */
const WHO_CALLS = [
  'authorization',
  'cookie',
  'x-api-key',
  'proxy-authorization',
  'x-auth-token',
  'x-access-token',
  'x-session-token',
  'api-key',
];

/** By these an own stage may have told the service who calls. */
const IDENTITY = ['x-user-id', 'x-consumer-name'];

/** A client may come to another gateway of the same name. */
const PORT = /:\d*$/;

/** True where the gateway has proven an application or a user by name. */
export function isProven(context: RequestContext): boolean {
  return context.consumer !== undefined || userOf(context) !== undefined;
}

/** A token whose `sub` is empty says nothing of its user. */
function userOf({ subject, userKey }: RequestContext): string | undefined {
  return subject === '' ? undefined : userKey;
}

/** Who calls, as one text: what an own stage has told the service of that is a part of it. */
export function callerOf(context: RequestContext, route: Distinctions): string {
  const told = toldByStages(context).filter(([name]) => IDENTITY.includes(name));
  const caller = provenCallerOf(context, route);
  return told.length === 0 ? caller : JSON.stringify([caller, told]);
}

/** What own stages have told the service, by name. */
function toldByStages(context: RequestContext): (readonly [name: string, value: string | null])[] {
  const told = [...(findCacheTerms(context)?.told ?? [])].map(([name, value]) => [name, value ?? null] as const);
  return told.sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Who calls, by what the gateway has proven. Whoever has proven something but no name is told apart by the very credential, and who has
 * proven nothing by the address. Of a key and a token without a user, the token is a part of it too.
 */
function provenCallerOf(context: RequestContext, route: Distinctions): string {
  const { consumer, issuer, authMethod, clientAddress } = context;
  const user = userOf(context);
  const named = ['caller', issuer, consumer?.name, user];
  if (user !== undefined || (consumer !== undefined && authMethod?.includes('+') !== true))
    return JSON.stringify(named);
  if (authMethod === undefined) return JSON.stringify(['address', clientAddress]);
  return JSON.stringify([...named, 'by', credentialOf(context, route)]);
}

/** What was shown, and what it has proven, as a digest: none of it can be read where keys are kept. */
function credentialOf(context: RequestContext, route: Distinctions): string {
  const { authMethod, roles, scopes, claims, req } = context;
  const { fields = [], cookies = [] } = route.credentialPlaces ?? {};
  const names = new Set([...WHO_CALLS.filter((name) => name !== 'cookie'), ...route.credentialHeaders, ...fields]);
  const shown = [...names].sort().map((name) => [name, sentField(context, name)]);
  const pairs = sentField(context, 'cookie').flatMap((field) => field.split(';').map((pair) => pair.trim()));
  const ofCookies = pairs.filter((pair) => cookies.includes(pair.split('=', 1)[0]?.trim() ?? ''));
  const proven = [authMethod, roles, scopes, claims ?? null];
  const text = JSON.stringify([proven, shown, ofCookies, parametersOf(req.url, route.credentialParameter)]);
  return hash('sha256', text, 'base64url');
}

/** The pairs of this parameter in the query as the client sent it: what goes on has lost them. */
function parametersOf(url: string | undefined, parameter: string | undefined): readonly string[] {
  const mark = url?.indexOf('?') ?? -1;
  if (url === undefined || parameter === undefined || mark === -1) return [];
  const pairs = url.slice(mark + 1).split('&');
  return pairs.filter((pair) => pair.startsWith(`${parameter}=`));
}

/** All values of a field as the client sent it, sent on or not. */
function sentField({ req: { rawHeaders } }: RequestContext, lowerName: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if ((rawHeaders[i] as string).toLowerCase() === lowerName) values.push(rawHeaders[i + 1] as string);
  return values;
}

/** The name under which a key is remembered: that of its route and its caller, so that nobody meets another's. */
export function recordIdOf(key: string, route: string, caller: string): string {
  return hash('sha256', JSON.stringify([route, caller, key]), 'base64url');
}

/**
 * What a request asks for: a key belongs to one such request. Reads the whole body, and rejects as that does.
 *
 * The host is a part of it, since a service is told it and may live by it. Of a caller who is no proven user, what says
 * who calls is a part of it too: with another Cookie the key is refused, and neither runs again nor gives the answer of
 * somebody else. What stops at the gateway counts where it has proven nobody: it may have been tried in vain. What own
 * stages have told the service is a part of it, whoever calls.
 */
export async function fingerprintOf(context: RequestContext, route: Distinctions): Promise<string> {
  const { method, path, rawPath, query } = context;
  const { headers } = context.req;
  const hosts = [headers.host, toldField(context, 'x-forwarded-host')].map(
    (host) => host?.toLowerCase().replace(PORT, '') ?? null,
  );
  const types = [headers['content-type'] ?? null, headers['content-encoding'] ?? null];
  const shown = whoCallsFields(context, route).map((name) => [name, sentField(context, name)]);
  const body = await bodyOf(context)?.whole();
  const told = toldByStages(context);
  const parts = [method, (rawPath ?? path) + query, hosts, types, shown, ...(told.length > 0 ? [told] : [])];
  const digest = createHash('sha256').update(JSON.stringify(parts));
  if (body !== undefined) digest.update('\n').update(body);
  return digest.digest('base64url');
}

function whoCallsFields(context: RequestContext, route: Distinctions): readonly string[] {
  if (userOf(context) !== undefined) return [];
  const { credentialHeaders, credentialPlaces } = route;
  const names = [...new Set([...WHO_CALLS, ...credentialHeaders, ...(credentialPlaces?.fields ?? [])])].sort();
  return isProven(context) ? names.filter((name) => !credentialHeaders.includes(name)) : names;
}
