import type { RequestContext } from '../../context.ts';
import type { Clock } from '../../lib/clock.ts';
import type { DeadlineWheel } from '../../lib/deadline-wheel.ts';
import type { OpenSockets } from '../../lib/open-sockets.ts';
import type { Breaker } from '../breaker.ts';
import type { Service } from '../service.ts';
import type { Timeouts } from './exchange.ts';
import type { RouteProxy } from './proxy.ts';
import type { RedirectMap } from './redirects.ts';
import type { RetryPolicy } from './retry.ts';

/** How a route sends its requests on; made once a route, when a snapshot is compiled. */
export interface ForwardPlan {
  readonly service: Service;
  readonly breaker: Breaker;
  readonly proxy: RouteProxy;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  readonly deadlines: DeadlineWheel;
  readonly sockets: OpenSockets;
  /** What of a service's head is turned round; undefined for nothing. */
  readonly turned: Pick<RedirectMap, 'redirects' | 'cookiePaths'> | undefined;
  /** What a service's own paths begin with on this route: the rewritten prefix, or the prefix itself. */
  servicePrefix(context: RequestContext): string;
}
