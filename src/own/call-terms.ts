import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import type { OwnInstance } from './instance.ts';
import { tellable } from './tellable.ts';

/** What a call of an own stage needs that is the same for all of a route. */
export interface CallTerms {
  readonly instance: OwnInstance;
  readonly deadlines: Deadlines;
  /** Asks the service for an answer that can be changed. */
  readonly prepareForBody: (context: RequestContext) => void;
  /** Present where the cache of the route has looked already: hears of what the service is told behind it. */
  readonly toldLate?: ((context: RequestContext) => void) | undefined;
}

/** The refusal where a stage has failed: the client is told no more than that, and the log all of it. */
export function stageFailed(name: string, cause: unknown): GatewayError {
  return new GatewayError('stage_failed', undefined, {
    cause: tellable(cause),
    detailForLog: `The own stage ${name} failed.`,
  });
}
