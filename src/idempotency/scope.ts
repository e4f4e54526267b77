import { createHash, hash } from 'node:crypto';
import { bodyOf } from '../body/body-of.ts';
import type { RequestContext } from '../context.ts';

/** Of a route, what its requests are told apart by. */
export interface Distinctions {
  /** Lower-case names of the fields that carry a credential and stop at the gateway. */
  readonly credentialHeaders: readonly string[];
  /** True where the route names hosts, so that which of them was asked is a part of the target. */
  readonly namesHosts: boolean;
}

/** Fields that tell a service who calls, where the gateway has not proven a user. */
const WHO_CALLS = ['authorization', 'cookie'];

const PORT = /:\d*$/;

/** True where the gateway has proven who calls. */
export function isProven({ consumer, userKey }: RequestContext): boolean {
  return consumer !== undefined || userKey !== undefined;
}

/** Who calls, as one text; who has proven nothing is told apart by the address. */
export function callerOf(context: RequestContext): string {
  const { consumer, issuer, userKey, clientAddress } = context;
  return JSON.stringify(isProven(context) ? ['caller', issuer, consumer?.name, userKey] : ['address', clientAddress]);
}

/** The name under which a key is remembered: that of its route and its caller, so that nobody meets another's. */
export function recordIdOf(key: string, route: string, caller: string): string {
  return hash('sha256', JSON.stringify([route, caller, key]), 'base64url');
}

/**
 * What a request asks for: a key belongs to one such request. Reads the whole body, and rejects as that does.
 *
 * Of a caller who is no proven user, what the service is told of who calls is a part of it: with another Cookie the
 * key is refused, and neither runs again nor gives the answer of somebody else.
 */
export async function fingerprintOf(
  context: RequestContext,
  { credentialHeaders, namesHosts }: Distinctions,
): Promise<string> {
  const { method, path, rawPath, query, userKey } = context;
  const { headers } = context.req;
  const unproven = userKey === undefined ? WHO_CALLS.filter((name) => !credentialHeaders.includes(name)) : [];
  const fields = ['content-type', 'content-encoding', ...unproven].map((name) => headers[name] ?? null);
  const host = namesHosts ? headers.host?.toLowerCase().replace(PORT, '') : undefined;
  const body = await bodyOf(context)?.whole();
  const digest = createHash('sha256').update(
    JSON.stringify([method, (rawPath ?? path) + query, host ?? null, ...fields]),
  );
  if (body !== undefined) digest.update('\n').update(body);
  return digest.digest('base64url');
}
