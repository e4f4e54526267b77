import type { NoticeFacts } from '../../src/overview/notice-facts.ts';
import type { BreakerReport, RouteReport, ServiceOverview, TargetOverview } from '../../src/overview/report.ts';

/** Noon of the first of January 2026, UTC. */
export const NOON_MS = 1_767_268_800_000;
export const MINUTE_MS = 60_000;

/** A gateway of which nothing is to be said. */
export function factsOf(more: Partial<NoticeFacts> = {}): NoticeFacts {
  return {
    at: NOON_MS,
    instance: 'here:3000',
    version: '1.0.0',
    status: 'serving',
    uptimeSeconds: 1,
    node: '26.0.0',
    routesFile: '/etc/turnpike/routes.json',
    inFlight: 0,
    webSockets: 0,
    redis: 'not configured',
    redisChanges: null,
    logLevel: 'info',
    memory: { rssBytes: 0, heapUsedBytes: 0, heapTotalBytes: 0 },
    eventLoop: { meanMs: 0, p99Ms: 0, maxMs: 0 },
    window: {
      seconds: 60,
      requestsPerSecond: 0,
      clientErrorsPerSecond: 0,
      serverErrorsPerSecond: 0,
      p50Ms: 0,
      p95Ms: 0,
      p99Ms: 0,
      gatewayP50Ms: 0,
      gatewayP99Ms: 0,
    },
    routes: [],
    services: [],
    breakers: [],
    consumers: [],
    limits: [],
    tokens: [],
    cache: null,
    reloads: [],
    expiredKeys: [],
    linesLost: { total: 0, lastAtMs: undefined },
    unanswered: { total: 0, lastAtMs: undefined },
    refusedOfLate: { whole: undefined, routes: new Map() },
    ...more,
  };
}

export function breakerOf(more: Partial<BreakerReport> = {}): BreakerReport {
  return { name: 'orders', state: 'closed', since: NOON_MS - 5 * MINUTE_MS, isForced: false, closedAgain: 0, ...more };
}

export function serviceOf(more: Partial<ServiceOverview> = {}): ServiceOverview {
  return {
    name: 'orders',
    healthy: 1,
    total: 1,
    discovery: 'ok',
    requestsPerSecond: 10,
    failedPerSecond: 0,
    lastMinute: { requests: 600, failed: 0, timedOut: 0 },
    p50Ms: 5,
    p99Ms: 20,
    usualP99Ms: 20,
    breaker: null,
    targets: [],
    ...more,
  };
}

export function targetOf(url: string, state: TargetOverview['state'], reason: string): TargetOverview {
  return { url, state, reason, lastFailure: null, inFlight: 0, latencyMs: 0, weight: 1 };
}

export function routeOf(more: Partial<RouteReport> = {}): RouteReport {
  return {
    name: '/orders',
    prefix: '/orders',
    service: 'orders',
    isProtected: true,
    stages: [],
    requestsPerSecond: 10,
    clientErrorsPerSecond: 0,
    serverErrorsPerSecond: 0,
    requests: 600,
    lastMinute: { requests: 600, clientErrors: 0, serverErrors: 0 },
    p50Ms: 5,
    p99Ms: 20,
    refusals: {},
    limiter: null,
    cache: null,
    ...more,
  };
}
