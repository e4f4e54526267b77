import { createHash, hash } from 'node:crypto';
import { bodyOf } from '../body/body-of.ts';
import type { RequestContext } from '../context.ts';
import type { RouteInfo } from '../stage.ts';

/** Fields that tell a service who calls, where the gateway has not proven a user. */
const WHO_CALLS = ['authorization', 'cookie'];

/** True where the gateway has proven who calls. */
export function isProven({ consumer, userKey }: RequestContext): boolean {
  return consumer !== undefined || userKey !== undefined;
}

/**
 * The name under which a key is remembered: that of its route and its caller, so that nobody meets another's. Callers
 * that have proven nothing are told apart by their address.
 */
export function recordIdOf(key: string, route: string, context: RequestContext): string {
  const { consumer, issuer, userKey, clientAddress } = context;
  const caller = isProven(context) ? ['caller', issuer, consumer?.name, userKey] : ['address', clientAddress];
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
  { credentialHeaders }: Pick<RouteInfo, 'credentialHeaders'>,
): Promise<string> {
  const { method, path, rawPath, query, userKey } = context;
  const { headers } = context.req;
  const unproven = userKey === undefined ? WHO_CALLS.filter((name) => !credentialHeaders.includes(name)) : [];
  const fields = ['host', 'content-type', 'content-encoding', ...unproven].map((name) => headers[name] ?? null);
  const body = await bodyOf(context)?.whole();
  const digest = createHash('sha256').update(JSON.stringify([method, (rawPath ?? path) + query, ...fields]));
  if (body !== undefined) digest.update('\n').update(body);
  return digest.digest('base64url');
}
