import type { Candidate, MatchRequest } from './candidate.ts';
import { findByHost, type HostIndex } from './host-index.ts';
import { type Obstacle, obstacleOf } from './obstacle.ts';

/** A route whose prefix covers a path, and what kept it from taking the request; nothing where it takes it. */
export interface Considered<R> {
  readonly route: R;
  /** As written. */
  readonly prefix: string;
  readonly lost: Obstacle | undefined;
}

/** No request is told of more. */
const MAX_CONSIDERED = 50;

/**
 * The routes of one prefix in the order in which they are asked, into `list`; true where no shorter prefix is asked, since
 * one takes the request, and is the last one then, or would with another method. Those of other hosts come first.
 */
export function considerPrefix<R>(
  index: HostIndex<R>,
  end: number,
  request: MatchRequest,
  list: Considered<R>[],
): boolean {
  const asked = findByHost(index, request.host);
  for (const others of [...index.byName.values(), ...index.byParent.values()]) {
    if (!asked.includes(others)) for (const candidate of others) note(list, candidate, 'hosts');
  }
  let isSettled = false;
  for (const candidates of asked) {
    for (const candidate of candidates) {
      const lost = obstacleOf(candidate, end, request);
      note(list, candidate, lost);
      if (lost === undefined) return true;
      isSettled ||= lost === 'methods';
    }
  }
  return isSettled;
}

function note<R>(list: Considered<R>[], { route, prefix }: Candidate<R>, lost: Obstacle | undefined): void {
  if (list.length < MAX_CONSIDERED || lost === undefined) list.push({ route, prefix, lost });
}
