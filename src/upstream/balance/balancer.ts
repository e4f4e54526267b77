import type { RequestContext } from '../../context.ts';
import type { Target } from '../target.ts';

/** Chooses one of a service's targets for a request. */
export interface Balancer {
  /** `usable` holds those that are healthy and not excluded; undefined only when it is empty. */
  pick(usable: readonly Target[], context: RequestContext): Target | undefined;
}
