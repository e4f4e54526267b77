import type { RequestContext } from '../../context.ts';
import type { Deps } from '../../deps.ts';
import type { AnswerFields } from '../../sink.ts';
import type { Breaker, BreakerCall } from '../breaker.ts';
import type { ServiceCredential } from '../credentials/credential.ts';
import type { Service } from '../service.ts';
import type { Target } from '../target.ts';
import type { RouteProxy } from './proxy.ts';
import type { RedirectMap } from './redirects.ts';
import type { RetryPolicy } from './retry.ts';

/** Milliseconds; `headers` and `total` count from the moment the request has been sent whole. */
export interface Timeouts {
  readonly connect: number;
  readonly headers: number;
  /** In place of `headers` for an attempt that can be followed by one at another target. */
  readonly try: number;
  readonly idle: number;
  /** Instead of `idle` for answers that tell no length; may be Infinity. */
  readonly stream: number;
  readonly heartbeat?: number | undefined;
  readonly total: number;
}

/** A service that may be asked now: a place there, a target of it, and the breaker's leave. */
export interface Claim {
  readonly plan: ForwardPlan;
  readonly chosen: Target;
  readonly call: BreakerCall;
}

/** The services that a route may ask, one after the other, while they say that they can't now. */
export interface Failover {
  /** The first that can be asked. */
  first(context: RequestContext): Claim | undefined;
  /** The first that has not asked to be left alone, whether it can be asked or not. */
  readonly awake: ForwardPlan | undefined;
  /** How soon the first of those that are left alone may be asked again, in milliseconds; 0 where none is. */
  readonly shortestRestMs: number;
  /** A service has answered: who is asked instead, if that is an answer to do so on, and somebody else can be asked. */
  next(plan: ForwardPlan, status: number, headers: AnswerFields, context: RequestContext): Claim | undefined;
  /** The fields of the last answer as the client is told them: with the shortest wait of all. */
  told(status: number, headers: AnswerFields): AnswerFields;
}

/** How a route sends its requests on; made once a route, when a snapshot is compiled. */
export interface ForwardPlan extends Pick<Deps, 'clock' | 'deadlines' | 'sockets' | 'eventStreams'> {
  readonly service: Service;
  /** What proves the gateway to the service; undefined for nothing. */
  readonly credential: ServiceCredential | undefined;
  readonly breaker: Breaker;
  /** Undefined where no other service may be asked instead. */
  readonly failover: Failover | undefined;
  readonly proxy: RouteProxy;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  /** What of a service's head is turned round; undefined for nothing. */
  readonly turned: Pick<RedirectMap, 'redirects' | 'cookiePaths'> | undefined;
  /** What a service's own paths begin with on this route: the rewritten prefix, or the prefix itself. */
  servicePrefix(context: RequestContext): string;
}
