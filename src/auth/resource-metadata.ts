import type { RequestContext } from '../context.ts';
import { mountOf } from '../lib/mount-path.ts';
import { BEARER_CHALLENGE } from './bearer.ts';
import { ownOriginOf } from './foreign-page.ts';

/** Where the metadata of protected resources stands; the path of the resource goes behind it (RFC 9728, section 3.1). */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** What can stand in a quoted string without an end to it. */
const QUOTABLE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** The prefix under which the metadata of a route with this one is published. */
export function metadataPrefix(prefix: string): string {
  return prefix === '/' ? WELL_KNOWN : WELL_KNOWN + prefix;
}

/** The metadata of the resource whose document was asked for (RFC 9728, section 2). */
export function renderMetadata(context: RequestContext, authorizationServers: readonly string[]): object {
  return {
    resource: ownOriginOf(context) + mountOf(context) + (context.path.slice(WELL_KNOWN.length) || '/'),
    authorization_servers: authorizationServers.length === 0 ? undefined : authorizationServers,
    bearer_methods_supported: ['header'],
  };
}

/** The same challenge with the address of the route's metadata in it (RFC 9728, section 5.1). */
export function withMetadata(challenge: string, context: RequestContext): string {
  const base = ownOriginOf(context) + mountOf(context);
  const url = base + metadataPrefix(context.path.slice(0, context.prefixLength) || '/');
  if (!QUOTABLE.test(url)) return challenge;
  return challenge.replace(BEARER_CHALLENGE, () => `${BEARER_CHALLENGE}, resource_metadata="${url}"`);
}
