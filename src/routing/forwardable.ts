import { GatewayError } from '../errors.ts';
import type { MatchRequest } from './candidate.ts';
import type { NormalizedTarget } from './normalize.ts';
import { FIXED_PERCENT, refuseReading, staysInPlace } from './readings.ts';
import type { RouteMatch, RouteTable } from './table.ts';

/**
 * The path that may be sent on: what was matched, or with `path: "raw"` what the client sent. In whatever way a
 * service reads it, decoding it up to four times, it stays below the prefix and selects the same route; so no
 * spelling of a path leads to a stricter route through a laxer one.
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
  const { path } = target;
  const sent = mode === 'raw' ? target.rawPath : path;
  if (sent === path && !target.hasEscapes && !target.hasParameters) return path;
  const { prefixLength } = match;
  const covered = path.slice(0, prefixLength);
  if (sent !== path && !beginsWith(sent, covered)) {
    throw new GatewayError('bad_path', 'This route takes its prefix only as it is written.');
  }
  const isSame = (reading: string): boolean => {
    if (reading === path) return true;
    const other = table.find({ method: request.method, host: request.host, headers: request.headers, path: reading });
    return other.found && other.route === match.route;
  };
  const rest = sent.slice(prefixLength);
  // Most services never see the prefix; those that do read it as they read the rest.
  const stays =
    staysInPlace('', rest, (reading) => isSame(covered + reading)) &&
    (!/[%;]/.test(covered) || staysInPlace(fixLiterals(covered, match.prefix), rest, isSame));
  if (!stays) throw refuseReading();
  return sent;
}

/** Whether a path begins with a prefix, apart from the case of escapes. */
function beginsWith(rawPath: string, covered: string): boolean {
  const { length } = covered;
  const written = rawPath.slice(0, length).replace(/%../g, (triplet) => triplet.toUpperCase());
  return written === covered && (rawPath.length === length || rawPath[length] === '/');
}

/** Escapes in a prefix that the file wrote are what it means; only those in its `:name` segments are the client's. */
function fixLiterals(covered: string, prefix: string): string {
  const isName = prefix.split('/').map((segment) => segment.startsWith(':'));
  return covered
    .split('/')
    .map((segment, index) => (isName[index] === true ? segment : segment.replaceAll('%', FIXED_PERCENT)))
    .join('/');
}
