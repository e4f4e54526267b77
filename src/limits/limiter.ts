import { type RateLimitRequestHandler, rateLimit, type Store } from 'express-rate-limit';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Decision } from './decision.ts';

/** Decides about one call; a promise only where the counts are elsewhere. Undefined: it passes uncounted. */
export type Decide = (context: RequestContext) => Decision | undefined | Promise<Decision | undefined>;

/**
 * The express-rate-limit limiter of a route. The package runs the call; what a window is, where it is counted and
 * what the client is told is ours: the key it hands on is the request's context, and its store decides all windows.
 *
 * Made while a snapshot is compiled, never inside a request. It keeps no counts of its own.
 * With `validate` on, the package would look at each request and warn on the console about our use of it.
 */
export function createLimiter(decide: Decide): RateLimitRequestHandler {
  return rateLimit({
    validate: false,
    legacyHeaders: false,
    standardHeaders: false,
    keyGenerator: (request) => contextOf(request) as unknown as string,
    store: new DecidingStore(decide),
    limit: ONE,
    handler: (request, _response, next) => next(refusalOf(contextOf(request))),
  });
}

/** A store that keeps nothing: it hands the decision on. */
class DecidingStore implements Store {
  /** Tells the package that two limiters never count the same key twice by mistake. */
  readonly localKeys = false;
  readonly #decide: Decide;

  constructor(decide: Decide) {
    this.#decide = decide;
  }

  increment(key: string) {
    const decided = this.#decide(key as unknown as RequestContext);
    return decided instanceof Promise ? decided.then(toHits) : toHits(decided);
  }

  /** Never called: calls are not taken back, whatever their answer. */
  decrement(): void {}

  resetKey(): void {}
}

/** The package compares hits with its limit, and has no other use for them: one passes, two do not. */
const ONE = 1;
const PASSES = { totalHits: ONE, resetTime: undefined };
const IS_REFUSED = { totalHits: ONE + 1, resetTime: undefined };

function toHits(decision: Decision | undefined) {
  return decision === undefined || decision.allowed ? PASSES : IS_REFUSED;
}

function refusalOf(context: RequestContext): GatewayError {
  const decision = context.limit as Decision;
  const { policy, limit, resetSeconds: retryAfterSeconds, window } = decision;
  const calls = `${limit} ${limit === 1 ? 'call' : 'calls'}`;
  if (window.quota === undefined)
    return new GatewayError('rate_limited', spent(`limit "${policy}" of ${calls}`, decision), { retryAfterSeconds });
  const quota = `quota "${policy}" of ${calls} a ${window.quota}`;
  return new GatewayError('quota_exceeded', spent(quota, decision), { retryAfterSeconds });
}

/** A call that counts as several may find room, and too little of it. */
function spent(what: string, { limit, remaining, resetSeconds }: Decision): string {
  if (remaining <= 0) return `The ${what} is used up; try again in ${resetSeconds} s.`;
  const left =
    remaining < limit ? ` has ${remaining} left, and this call counts as more` : ' is less than this call counts as';
  return `The ${what}${left}; try again in ${resetSeconds} s.`;
}
