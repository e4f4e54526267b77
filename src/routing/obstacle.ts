import { type Candidate, fitsHeaders, type MatchRequest, takesMethod } from './candidate.ts';
import { findByHost, type HostIndex } from './host-index.ts';

/** The key of a route that kept it from taking a request whose path it covers. */
export type Obstacle = 'hosts' | 'headers' | 'pathRegex' | 'exact' | 'methods';

/** What kept the routes of one prefix from taking a request that none took: of the first one that might have. */
export function findObstacle(
  index: HostIndex<unknown>,
  end: number,
  request: MatchRequest,
): { readonly prefix: string; readonly wants: Obstacle } | undefined {
  for (const list of findByHost(index, request.host)) {
    for (const candidate of list) {
      const wants = obstacleOf(candidate, end, request);
      if (wants !== undefined) return { prefix: candidate.prefix, wants };
    }
  }
  const [other] = index.byName.values().next().value ?? index.byParent.values().next().value ?? [];
  return other === undefined ? undefined : { prefix: other.prefix, wants: 'hosts' };
}

/** The first condition of a route that a request does not meet, for a prefix that covers the path up to `end`. */
export function obstacleOf(candidate: Candidate<unknown>, end: number, request: MatchRequest): Obstacle | undefined {
  const { path, headers, method } = request;
  if (candidate.exact && end < path.length - 1) return 'exact';
  if (candidate.headers !== undefined && !fitsHeaders(candidate.headers, headers)) return 'headers';
  if (candidate.pathRegex?.test(path) === false) return 'pathRegex';
  return takesMethod(candidate, method) ? undefined : 'methods';
}
