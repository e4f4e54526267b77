import { bodyOf } from '../../body/body-of.ts';
import type { RequestContext } from '../../context.ts';
import type { GatewayError } from '../../errors.ts';
import { reportTarget } from '../service-report.ts';
import type { Target } from '../target.ts';
import { circuitOpen, noTarget, overloaded } from './admission.ts';
import type { ForwardPlan } from './plan.ts';
import { joinBase, shortenTimeouts, tellDestination } from './service-request.ts';

/**
 * Says where a request would go, and what its service would be told; asks nobody, and takes no place. It ends as the
 * request would that finds the service as it is now: `circuit_open`, `overloaded`, `no_target`.
 */
export function explainForward(context: RequestContext, route: ForwardPlan, path: string): GatewayError | undefined {
  // Who has asked to be left alone is passed over.
  const plan = route.failover?.awake ?? route;
  const { service, breaker } = plan;
  const nowMs = performance.now();
  context.service = service.name;
  context.trace?.push({
    stage: 'forward',
    decision: `service ${service.name}, circuit ${breaker.state}, ${context.method} ${path}`,
    facts: {
      breaker: { name: breaker.name, state: breaker.state, ...breaker.counts },
      bulkhead: { inFlight: service.bulkhead.inFlight, waiting: service.bulkhead.waiting },
      targets: service.targets.map((target) => reportTarget(target, nowMs)),
    },
  });
  if (!breaker.isAllowing) return circuitOpen(breaker);
  if (service.bulkhead.isFull) return overloaded();
  const target = service.pick(context, undefined);
  if (target === undefined) return noTarget();
  context.target = target.url;
  explainAttempt(context, plan, path, target);
  return undefined;
}

/** The first attempt at a target, as it would be made. */
function explainAttempt(
  context: RequestContext,
  { timeouts, retry, service, credential }: ForwardPlan,
  path: string,
  target: Target,
) {
  const shortened = shortenTimeouts(timeouts, context);
  const headers = context.upstreamHeaders;
  const length = bodyOf(context)?.contentLength;
  if (length !== undefined) headers.push('content-length', length);
  tellDestination(headers, target.basePath, context);
  if (!hasHost(headers)) headers.unshift('host', target.location.host);
  if (credential !== undefined) context.trace?.push({ stage: 'forward', decision: `credential: ${credential.title}` });
  context.trace?.push({
    stage: 'forward',
    decision: `target ${target.url}`,
    facts: {
      sends: {
        method: context.method,
        url: target.origin + joinBase(target.basePath, path, context.path.endsWith('/')),
        headers: toPairs(credential?.standIn(headers) ?? headers),
      },
      timeouts: shortened,
      retry: { ...retry.options, hasBudget: service.retries.hasRoom(true) },
    },
  });
}

function hasHost(headers: readonly string[]): boolean {
  return headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
}

function toPairs(list: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
  return pairs;
}
