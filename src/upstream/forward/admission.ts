import { bodyOf } from '../../body/body-of.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import type { Breaker } from '../breaker.ts';
import { claimTarget } from './claim.ts';
import { Forwarding } from './forwarding.ts';
import type { Claim, Failover, ForwardPlan } from './plan.ts';

type Next = (error?: unknown) => void;

/** How long a caller is told to stay away from a service that has no target. */
const NO_TARGET_SECONDS = 5;

/**
 * Lets a request through to its service, or refuses it by `next`: an open circuit and a full bulkhead refuse at once
 * or after the queue's time, before anything has been asked.
 */
export function admit(plan: ForwardPlan, context: RequestContext, path: string, next: Next): void {
  if (plan.failover === undefined) admitTo(plan, context, path, next);
  else admitToAny(plan.failover, context, path, next).catch(next);
}

function admitTo(plan: ForwardPlan, context: RequestContext, path: string, next: Next): void {
  const { service, breaker } = plan;
  const { bulkhead } = service;
  context.service = service.name;
  if (!breaker.isAllowing) {
    next(circuitOpen(breaker));
  } else if (bulkhead.enter()) {
    begin(plan, context, path, next);
  } else {
    const waiting = bulkhead.wait((hasPlace) => {
      context.abort = undefined;
      if (hasPlace) begin(plan, context, path, next);
      else next(overloaded());
    });
    if (waiting === undefined) next(overloaded());
    else context.abort = waiting;
  }
}

/** The request has a place: a target is chosen, and the breaker asked again, since waiting takes time. */
function begin(plan: ForwardPlan, context: RequestContext, path: string, next: Next): void {
  const claimed = claimTarget(plan, context);
  if (typeof claimed !== 'string') start(claimed, context, path, next);
  else next(claimed === 'no target' ? noTarget() : circuitOpen(plan.breaker));
}

function start({ plan, chosen, call }: Claim, context: RequestContext, path: string, next: Next): void {
  context.service = plan.service.name;
  new Forwarding(plan, context, path, chosen, call, next).start();
}

/**
 * The same for a route with other services to ask: the first that can be asked at once, and has not asked to be left alone.
 * The body is read whole before, so that another one can be asked whatever the first has read of it.
 */
async function admitToAny(failover: Failover, context: RequestContext, path: string, next: Next): Promise<void> {
  await bodyOf(context)?.whole();
  const claimed = failover.first(context);
  if (claimed !== undefined) start(claimed, context, path, next);
  else if (failover.awake !== undefined) admitTo(failover.awake, context, path, next);
  else
    next(
      new GatewayError('services_busy', undefined, { retryAfterSeconds: Math.ceil(failover.shortestRestMs / 1000) }),
    );
}

export function circuitOpen(breaker: Breaker): GatewayError {
  const { retryAfterSeconds } = breaker;
  return new GatewayError('circuit_open', undefined, { retryAfterSeconds, detailForLog: tellOpening(breaker) });
}

/** For whoever reads the log: why the circuit is open, for how long already, and how much longer. */
function tellOpening({ name, state, opened, isForced, changedAtMs, retryAfterSeconds }: Breaker): string | undefined {
  if (isForced) {
    const forSeconds = Math.round((performance.now() - changedAtMs) / 1000);
    return `The circuit of ${name} is held open by an operator, for ${forSeconds} s already; POST /breakers/${encodeURIComponent(name)}?state=auto on the admin port gives it back.`;
  }
  if (opened === undefined) return undefined;
  const { atMs, calls, failures } = opened;
  const seconds = Math.round((performance.now() - atMs) / 1000);
  const next = state === 'open' ? `the next trial is in ${retryAfterSeconds} s` : 'a trial is under way';
  return `The circuit of ${name} opened ${seconds} s ago, after ${failures} of ${calls} calls had failed; ${next}.`;
}

export function noTarget(): GatewayError {
  return new GatewayError('no_target', undefined, { retryAfterSeconds: NO_TARGET_SECONDS });
}

export function overloaded(): GatewayError {
  return new GatewayError('overloaded', undefined, { retryAfterSeconds: 1 });
}
