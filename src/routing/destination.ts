import { GatewayError } from '../errors.ts';
import type { MatchRequest } from './candidate.ts';
import { forwardablePath } from './forwardable.ts';
import { normalizeTarget } from './normalize.ts';
import type { RouteMatch, RouteTable } from './table.ts';

/** Whether a method has a second path, in `Destination` (RFC 4918, section 10.3). */
export function hasDestination(method: string): boolean {
  return method === 'MOVE' || method === 'COPY';
}

/**
 * The `Destination` of a request as a path with its query, to be rewritten as the path of the request is. It must be
 * on one of the hosts that name this gateway, and on the same route at the same prefix: else a file could be put
 * where its sender may not go, or land where nobody looks for it.
 *
 * @throws GatewayError `bad_path`
 */
export function readDestination<R>(
  destination: string,
  hosts: readonly (string | undefined)[],
  mode: 'normalized' | 'raw',
  match: RouteMatch<R>,
  request: MatchRequest,
  table: RouteTable<R>,
): string {
  const target = normalizeTarget(destination);
  const { authority, path, query } = target;
  if (authority !== undefined && !hosts.some((host) => isSameHost(authority, host))) throw refuseDestination();
  const asked = { method: request.method, host: request.host, headers: request.headers, path };
  const found = table.find(asked);
  if (!found.found || found.route !== match.route) throw refuseDestination();
  const covered = request.path.slice(0, match.prefixLength);
  if (path.slice(0, found.prefixLength) !== covered) throw refuseDestination();
  return forwardablePath(target, mode, found, asked, table) + query;
}

/**
 * The `Destination` as if the gateway stood where it is mounted; what is not below there belongs to others.
 *
 * @throws GatewayError `bad_path`
 */
export function withoutMount(destination: string, mount: string): string {
  if (mount === '') return destination;
  const [, origin = '', path = ''] = /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?(.*)$/is.exec(destination) ?? [];
  const rest = path.slice(mount.length);
  if (!path.startsWith(mount) || !/^(?:[/?]|$)/.test(rest)) throw refuseDestination();
  return origin + (rest.startsWith('/') ? rest : `/${rest}`);
}

/** A port that a scheme has anyway is written or not. */
function isSameHost(one: string, other: string | undefined): boolean {
  return other !== undefined && withoutUsualPort(one) === withoutUsualPort(other);
}

function withoutUsualPort(host: string): string {
  return host.toLowerCase().replace(/:(?:80|443)?$/, '');
}

function refuseDestination(): GatewayError {
  return new GatewayError(
    'bad_path',
    'The Destination must be on this host, below the prefix of the same route (RFC 4918, section 10.3).',
  );
}
