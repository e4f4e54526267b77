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
function cutParameters(path: string): string {
  return path.replace(/(?:;|%3B)[^/]*/g, '');
}

function checkParameters<R>(path: string, match: RouteMatch<R>, request: MatchRequest, table: RouteTable<R>): void {
  if (selectsSameRoute(resolveSegments(cutParameters(path)), match, request, table)) return;
  throw new GatewayError('bad_path', 'Without its parameters (";") this path belongs to another route.');
}

function rawForwardablePath<R>(
  { path, rawPath, hasParameters }: NormalizedTarget,
  match: RouteMatch<R>,
  request: MatchRequest,
  table: RouteTable<R>,
): string {
  const { prefixLength } = match;
  const covered = path.slice(0, prefixLength);
  const endsThere = rawPath.length === prefixLength || rawPath[prefixLength] === '/';
  if (!rawPath.startsWith(covered) || !endsThere || covered.includes('%2F')) {
    throw new GatewayError('bad_path', 'This route takes its prefix only as it is written.');
  }
  const rest = unescapePath(rawPath.slice(prefixLength)).replaceAll('%2F', '/');
  checkReading(covered, rest, match, request, table);
  if (hasParameters) checkReading(covered, cutParameters(rest), match, request, table);
  return rawPath;
}

/** Refuses where a service that reads what follows the prefix as `rest` would be on another route's ground. */
function checkReading<R>(
  covered: string,
  rest: string,
  match: RouteMatch<R>,
  request: MatchRequest,
  table: RouteTable<R>,
): void {
  if (rest.includes('//') && /\/\.\.?(?:\/|$)/.test(rest)) {
    // Whether `..` takes back an empty segment is read in both ways (RFC 3986 says yes, merged slashes say no).
    throw new GatewayError('bad_path', 'Empty segments and dot segments can not be told apart here.');
  }
  // The service may see only what follows the prefix: that must not climb out of it either.
  resolveSegments(rest);
  if (selectsSameRoute(resolveSegments(covered + rest), match, request, table)) return;
  throw new GatewayError('bad_path', 'Decoded and resolved, this path belongs to another route.');
}

function selectsSameRoute<R>(path: string, match: RouteMatch<R>, request: MatchRequest, table: RouteTable<R>): boolean {
  const { method, host, headers } = request;
  const other = table.find({ method, host, headers, path });
  return other.found && other.route === match.route;
}
