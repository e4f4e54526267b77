import type { RequestContext } from '../../context.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Deadlines } from '../../lib/deadlines.ts';
import type { OpenSockets } from '../../lib/open-sockets.ts';
import type { Breaker } from '../breaker.ts';
import type { Service } from '../service.ts';
import type { Timeouts } from './exchange.ts';
import type { RouteProxy } from './proxy.ts';
import type { RetryPolicy } from './retry.ts';

/** How a route sends its requests on; made once a route, when a snapshot is compiled. */
export interface ForwardPlan {
  readonly service: Service;
  readonly breaker: Breaker;
  readonly proxy: RouteProxy;
  readonly retry: RetryPolicy;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly sockets: OpenSockets;
  readonly rewriteRedirects: boolean;
  /** What a service's own paths begin with on this route: the rewritten prefix, or the prefix itself. */
  servicePrefix(context: RequestContext): string;
}
