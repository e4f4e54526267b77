import type { RequestContext } from '../../context.ts';
import type { Deps } from '../../deps.ts';
import type { Breaker } from '../breaker.ts';
import type { ServiceCredential } from '../credentials/credential.ts';
import type { Service } from '../service.ts';
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

/** How a route sends its requests on; made once a route, when a snapshot is compiled. */
export interface ForwardPlan extends Pick<Deps, 'clock' | 'deadlines' | 'sockets' | 'eventStreams'> {
  readonly service: Service;
  /** What proves the gateway to the service; undefined for nothing. */
  readonly credential: ServiceCredential | undefined;
  readonly breaker: Breaker;
  readonly proxy: RouteProxy;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  /** What of a service's head is turned round; undefined for nothing. */
  readonly turned: Pick<RedirectMap, 'redirects' | 'cookiePaths'> | undefined;
  /** What a service's own paths begin with on this route: the rewritten prefix, or the prefix itself. */
  servicePrefix(context: RequestContext): string;
}
