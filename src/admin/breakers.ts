import type { IncomingMessage } from 'node:http';
import { writeAuditLine } from '../log/write-audit.ts';
import type { Pool } from '../pool.ts';
import type { Breaker, BreakerOrder } from '../upstream/breaker.ts';
import { breakerKind, steerBreakers } from '../upstream/use-breaker.ts';
import { actorOf } from './actor.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { decodePart } from './decode-part.ts';

/** `GET /breakers/NAME`: the state of a circuit, and what it has counted. */
export function describeBreaker({ pool }: AdminSource['deps'], encoded: string): AdminAnswer {
  const breaker = findBreaker(pool, decodePart(encoded));
  return breaker === undefined ? noSuchBreaker(pool) : ok(breakerState(breaker));
}

/**
 * `POST /breakers/NAME?state=open|closed|auto`: holds a circuit open until it is told otherwise, closes it now, or gives
 * it back to itself. A hold survives reloads, and ends with the process.
 */
export function steerBreaker(
  deps: AdminSource['deps'],
  encoded: string,
  query: URLSearchParams,
  req: IncomingMessage,
): AdminAnswer {
  const order = ORDERS.find((one) => one === query.get('state'));
  if (order === undefined || [...query].length !== 1) return WHAT;
  const breaker = findBreaker(deps.pool, decodePart(encoded));
  if (breaker === undefined) return noSuchBreaker(deps.pool);
  const { name } = breaker;
  steerBreakers(deps.pool, name, order);
  const told = { action: 'breaker.steer', by: 'admin', actor: actorOf(req), address: req.socket.remoteAddress };
  writeAuditLine(deps.log, `breaker.steer, circuit of ${name} ${DONE[order]}`, {
    ...told,
    breaker: name,
    state: order,
  });
  return ok(breakerState(breaker));
}

const ORDERS: readonly BreakerOrder[] = ['open', 'closed', 'auto'];

const DONE: Readonly<Record<BreakerOrder, string>> = {
  open: 'held open',
  closed: 'closed',
  auto: 'given back to itself',
};

const WHAT = refusal('invalid_request', {
  detail: 'Say what: ?state=open (held open until you say otherwise), ?state=closed (now), or ?state=auto.',
});

/** The newest one, while requests of before an edit are under way. */
function findBreaker(pool: Pool, name: string | undefined): Breaker | undefined {
  return pool.list(breakerKind).findLast((one) => one.name === name);
}

function noSuchBreaker(pool: Pool): AdminAnswer {
  return refusal('not_found', {
    detail: 'No breaker has this name.',
    body: { breakers: pool.list(breakerKind).map(({ name }) => name) },
  });
}

export function breakerState({ name, state, counts, isForced, retryAfterSeconds }: Breaker) {
  return { name, state, isForced, ...counts, ...(state === 'closed' || isForced ? {} : { retryAfterSeconds }) };
}
