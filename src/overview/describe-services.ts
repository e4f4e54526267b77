import type { Steps } from '../lib/steps.ts';
import type { Breaker, Opening } from '../upstream/breaker.ts';
import type { ServiceReport, TargetReport } from '../upstream/service-report.ts';
import type { TargetFailure } from '../upstream/target-failure.ts';
import { KEPT_STEPS, MINUTE_STEPS } from './axis.ts';
import type { Closings } from './closings.ts';
import { roundTo } from './history.ts';
import type { BreakerReport, FailureReport, ServiceOverview, TargetOverview } from './report.ts';
import type { Sampler } from './sampler.ts';
import type { Span } from './span.ts';

/** With traffic in fewer steps than this nobody knows how fast a service mostly is: two minutes. */
const LEAST_STEPS = 24;

const DEADLINES = ['headers-timeout', 'connect-timeout', 'idle-timeout'];

/** Every service that has routes, a step each. */
export function* describeServices(
  services: readonly ServiceReport[],
  breakers: readonly BreakerReport[],
  sampler: Sampler,
  span: Span,
  nowMs: number,
): Steps<ServiceOverview[]> {
  const byName = new Map(breakers.map((breaker) => [breaker.name, breaker]));
  const reports: ServiceOverview[] = [];
  for (const service of services) {
    yield;
    reports.push(describeService(service, byName.get(service.name) ?? null, sampler, span, nowMs));
  }
  return reports;
}

function describeService(
  { name, targets, discovery }: ServiceReport,
  breaker: BreakerReport | null,
  sampler: Sampler,
  span: Span,
  nowMs: number,
): ServiceOverview {
  const { requests, serverErrors: failed, whole } = span.of(sampler.services.get(name));
  const words = sampler.outcomes.of(name);
  const timedOut = DEADLINES.reduce((sum, outcome) => sum + (words.get(outcome) ?? 0), 0);
  return {
    name,
    healthy: targets.filter(({ state }) => state === 'in').length,
    total: targets.length,
    discovery,
    requestsPerSecond: span.perSecond(requests),
    failedPerSecond: span.perSecond(failed),
    lastMinute: { requests, failed, timedOut },
    p50Ms: span.percentileMs(whole, 0.5),
    p99Ms: span.percentileMs(whole, 0.99),
    usualP99Ms: requests === 0 ? null : usualP99Ms(sampler, name),
    breaker,
    targets: targets.map((target) => describeTarget(target, nowMs)),
  };
}

/** The median of the p99 of the steps before the last minute. */
function usualP99Ms({ axis, services }: Sampler, name: string): number | null {
  const ring = services.get(name);
  if (ring === undefined) return null;
  const values = axis
    .places(KEPT_STEPS)
    .slice(0, -MINUTE_STEPS)
    .map((place) => ring.at(place).p99Ms)
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  const median = values[Math.floor(values.length / 2)];
  return values.length < LEAST_STEPS || median === undefined ? null : roundTo(median, 100);
}

function describeTarget(target: TargetReport, nowMs: number): TargetOverview {
  const { url, state, inFlight, latencyMs, weight, lastFailure } = target;
  return {
    url,
    state,
    reason: REASONS[state](target),
    lastFailure: lastFailure === undefined ? null : describeFailure(lastFailure, nowMs),
    inFlight,
    latencyMs: roundTo(latencyMs, 100),
    weight,
  };
}

function describeFailure({ outcome, cause, agoMs, inARow, firstAgoMs }: TargetFailure, nowMs: number): FailureReport {
  return { outcome, cause, at: Math.round(nowMs - agoMs), inARow, since: Math.round(nowMs - firstAgoMs) };
}

const REASONS: Readonly<Record<TargetReport['state'], (target: TargetReport) => string>> = {
  in: whyIn,
  trial: ({ isHealthy }) =>
    `was left alone for its failures; ${isHealthy ? 'the next request is its trial' : 'its trial is under way'}`,
  out: whyOut,
};

function whyIn({ weight, health }: TargetReport): string {
  if (weight === 0) return 'its weight is 0, so it is given no requests';
  return health === 'up' ? 'passes its health checks' : 'nothing is known against it';
}

function whyOut({ health, ejectedForMs }: TargetReport): string {
  if (health === 'down') return 'fails its health checks';
  return `is left alone for ${Math.ceil(ejectedForMs / 1000)} s more, for its failures`;
}

/** A circuit for an operator; `nowMs` is the wall clock's. */
export function describeBreaker(breaker: Breaker, closings: Closings, nowMs: number): BreakerReport {
  const { name, state, isForced, changedAtMs, opened, retryAfterSeconds } = breaker;
  const wallTime = (atMs: number): number => Math.round(nowMs - (performance.now() - atMs));
  const openAtMs = isForced ? changedAtMs : opened?.atMs;
  return {
    name,
    state,
    since: wallTime(changedAtMs),
    ...(openAtMs !== undefined && { openSince: wallTime(openAtMs) }),
    ...(state !== 'closed' && !isForced && { retryAfterSeconds }),
    isForced,
    closedAgain: closings.count(name, nowMs),
    ...(opened !== undefined && !isForced && { opened: openingOf(opened) }),
  };
}

const openingOf = ({ calls, failures, outcomes }: Opening) => ({ calls, failures, outcomes });
