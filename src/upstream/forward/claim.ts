import type { RequestContext } from '../../context.ts';
import type { Claim, ForwardPlan } from './plan.ts';

/**
 * A target of a service, and the breaker's leave, for a request that has its place there; or what of both it does not
 * get: the place is given back then.
 */
export function claimTarget(plan: ForwardPlan, context: RequestContext): Claim | 'no target' | 'no leave' {
  const { service, breaker } = plan;
  const chosen = service.pick(context, undefined);
  const call = chosen === undefined ? undefined : breaker.begin();
  if (chosen === undefined || call === undefined) {
    service.bulkhead.leave();
    return chosen === undefined ? 'no target' : 'no leave';
  }
  service.retries.earn(service.bulkhead.inFlight);
  return { plan, chosen, call };
}

/** The same with a place there, where that is to be had at once. */
export function claim(plan: ForwardPlan, context: RequestContext): Claim | undefined {
  const { service, breaker } = plan;
  if (!breaker.isAllowing || !service.bulkhead.enter()) return undefined;
  const claimed = claimTarget(plan, context);
  return typeof claimed === 'string' ? undefined : claimed;
}
