import { GatewayError } from '../errors.ts';
import type { MatchRequest } from './candidate.ts';
import type { NormalizedTarget } from './normalize.ts';
import { resolveSegments, unescapePath } from './resolve.ts';
import type { RouteMatch, RouteTable } from './table.ts';

/**
 * The path that may be sent on: what was matched, or with `path: "raw"` what the client sent. Where a service could
 * read the path in another way than the gateway did, that other reading must select the same route; so no spelling
 * of a path leads to a stricter route through a laxer one.
 *
 * @throws GatewayError `bad_path`
 */
export function forwardablePath<R>(
  target: NormalizedTarget,
  mode: 'normalized' | 'raw',
  match: RouteMatch<R>,
  request: MatchRequest,
  table: RouteTable<R>,
): string {
  if (target.hasParameters) checkParameters(target.path, match, request, table);
  if (mode === 'raw') {
    const isPlain = !target.hasEncodedSlash && target.rawPath === target.path;
    return isPlain ? target.path : rawForwardablePath(target, match, request, table);
  }
  if (target.hasEncodedSlash) throw new GatewayError('bad_path', 'This route does not take an encoded slash (%2F).');
  return target.path;
}

/** Java servers cut `;v=1` off every segment before they look at the path. */
function checkParameters<R>(path: string, match: RouteMatch<R>, request: MatchRequest, table: RouteTable<R>): void {
  const bare = resolveSegments(path.replace(/(?:;|%3B)[^/]*/g, ''));
  if (selectsSameRoute(bare, match, request, table)) return;
  throw new GatewayError('bad_path', 'Without its parameters (";") this path belongs to another route.');
}

function rawForwardablePath<R>(
  { path, rawPath }: NormalizedTarget,
  match: RouteMatch<R>,
  request: MatchRequest,
  table: RouteTable<R>,
): string {
  const covered = path.slice(0, match.prefixLength);
  const beginsAlike =
    rawPath.startsWith(covered) && (match.prefixLength === rawPath.length || rawPath[match.prefixLength] === '/');
  if (!beginsAlike || covered.includes('%2F')) {
    throw new GatewayError('bad_path', 'This route takes its prefix only as it is written.');
  }
  const decoded = decodeSlashes(rawPath);
  if (decoded.includes('//') && /\/\.\.?(?:\/|$)/.test(decoded)) {
    // Whether `..` takes back an empty segment is read in both ways (RFC 3986 says yes, merged slashes say no).
    throw new GatewayError('bad_path', 'Empty segments and dot segments can not be told apart here.');
  }
  // The service sees only what follows the prefix: that must not climb out of it either.
  resolveSegments(decodeSlashes(rawPath.slice(match.prefixLength)));
  if (selectsSameRoute(resolveSegments(decoded), match, request, table)) return rawPath;
  throw new GatewayError('bad_path', 'Decoded and resolved, this path belongs to another route.');
}

function decodeSlashes(path: string): string {
  return unescapePath(path).replaceAll('%2F', '/');
}

function selectsSameRoute<R>(path: string, match: RouteMatch<R>, request: MatchRequest, table: RouteTable<R>): boolean {
  const { method, host, headers } = request;
  const other = table.find({ method, host, headers, path });
  return other.found && other.route === match.route;
}
