import type { RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import type { Breaker } from '../breaker.ts';
import { Forwarding } from './forwarding.ts';
import type { ForwardPlan } from './plan.ts';

type Next = (error?: unknown) => void;

/** How long a caller is told to stay away from a service that has no target. */
const NO_TARGET_SECONDS = 5;

/**
 * Lets a request through to its service, or refuses it by `next`: an open circuit and a full bulkhead refuse at once
 * or after the queue's time, before anything has been asked.
 */
export function admit(plan: ForwardPlan, context: RequestContext, path: string, next: Next): void {
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
  const { service, breaker } = plan;
  const chosen = service.pick(context, undefined);
  const call = chosen === undefined ? undefined : breaker.begin();
  if (chosen === undefined || call === undefined) {
    service.bulkhead.leave();
    next(chosen === undefined ? noTarget() : circuitOpen(breaker));
    return;
  }
  service.retries.earn(service.bulkhead.inFlight);
  new Forwarding(plan, context, path, chosen, call, next).start();
}

export function circuitOpen(breaker: Breaker): GatewayError {
  const { retryAfterSeconds } = breaker;
  return new GatewayError('circuit_open', undefined, { retryAfterSeconds, detailForLog: tellOpening(breaker) });
}

/** For whoever reads the log: why the circuit is open, for how long already, and how much longer. */
function tellOpening({ name, state, opened, retryAfterSeconds }: Breaker): string | undefined {
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
