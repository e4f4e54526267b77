import { expiredKeysKind } from '../auth/expired-keys.ts';
import { sharedKind } from '../cache/shared.ts';
import type { Hide } from '../lib/hidden-values.ts';
import type { Steps } from '../lib/steps.ts';
import { CONSUMER_STEPS, consumerCountsKind } from '../log/consumer-counts.ts';
import type { Pool } from '../pool.ts';
import { reportServices } from '../server/report.ts';
import { breakerKind } from '../upstream/use-breaker.ts';
import { MINUTE_STEPS } from './axis.ts';
import type { Closings } from './closings.ts';
import { describeLimits } from './describe-limits.ts';
import { describeReload } from './describe-reload.ts';
import { describeLookups, describeRoutes } from './describe-routes.ts';
import { describeBreaker, describeServices } from './describe-services.ts';
import { describeTokens } from './describe-tokens.ts';
import { findNotices } from './notices.ts';
import { findRefusedOfLate } from './refused-of-late.ts';
import type { BreakerReport, CacheReport, ConsumerReport, OverviewReport, WindowReport } from './report.ts';
import type { Sampler } from './sampler.ts';
import { lastMinute, type Span } from './span.ts';
import type { OverviewSource, Watchers } from './watchers.ts';

const SHOWN_CONSUMERS = 20;

/** The overview as JSON, in steps. */
export function* renderOverview(source: OverviewSource, watchers: Watchers): Steps<string> {
  return yield* renderInSteps(yield* describeOverview(source, watchers), source.deps.hidden.hide);
}

function* describeOverview(source: OverviewSource, watchers: Watchers): Steps<OverviewReport> {
  const { deps, gateway, reloader } = source;
  const { pool, metrics, clock } = deps;
  const { sampler, loop, faults, closings, redisChanges } = watchers;
  const { routes, config } = gateway.snapshot;
  const nowMs = clock.now();
  const span = lastMinute(sampler);
  const breakers = describeBreakers(pool, closings, nowMs);
  yield;
  const limits = describeLimits(config, routes);
  const facts = {
    ...describeProcess(source, watchers.version, nowMs),
    redisChanges: redisChanges?.report() ?? null,
    eventLoop: loop.report(),
    window: describeWindow(sampler, span),
    routes: yield* describeRoutes(routes, sampler, span, metrics.requests),
    services: yield* describeServices(reportServices(pool), breakers, sampler, span, nowMs),
    breakers,
    consumers: describeConsumers(pool, span),
    limits,
    tokens: describeTokens(metrics.modelTokens, sampler, span, limits),
    cache: describeCache(pool, sampler, config.cacheMemory),
    reloads: reloader.history.map(describeReload),
  };
  yield;
  const expiredKeys = pool.list(expiredKeysKind).flatMap((keys) => keys.list());
  const { linesLost, unanswered } = faults;
  const names = routes.map(({ name }) => name);
  const refusedOfLate = yield* findRefusedOfLate(sampler, names);
  return { ...facts, notices: findNotices({ ...facts, expiredKeys, linesLost, unanswered, refusedOfLate }) };
}

function describeProcess({ deps, gateway, drain, instance }: OverviewSource, version: string, nowMs: number) {
  const { redis, sockets, logLevel, settings } = deps;
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  return {
    at: nowMs,
    instance: instance(),
    version,
    status: drain.isDraining ? ('draining' as const) : ('serving' as const),
    uptimeSeconds: Math.round(process.uptime()),
    node: process.versions.node,
    routesFile: settings.routesFile,
    inFlight: gateway.inFlight,
    webSockets: sockets.size,
    redis: redis === undefined ? ('not configured' as const) : redis.isUp ? ('up' as const) : ('down' as const),
    logLevel: logLevel.now,
    memory: { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal },
  };
}

function describeWindow(sampler: Sampler, span: Span): WindowReport {
  const { requests, clientErrors, serverErrors, whole, gateway } = span.of(sampler.whole);
  return {
    seconds: span.seconds,
    requestsPerSecond: span.perSecond(requests),
    clientErrorsPerSecond: span.perSecond(clientErrors),
    serverErrorsPerSecond: span.perSecond(serverErrors),
    p50Ms: span.percentileMs(whole, 0.5),
    p95Ms: span.percentileMs(whole, 0.95),
    p99Ms: span.percentileMs(whole, 0.99),
    gatewayP50Ms: span.percentileMs(gateway, 0.5),
    gatewayP99Ms: span.percentileMs(gateway, 0.99),
  };
}

/** Of two editions of a circuit, while requests of before an edit are under way, the newer one. */
function describeBreakers(pool: Pool, closings: Closings, nowMs: number): readonly BreakerReport[] {
  const breakers = pool
    .list(breakerKind)
    .map((breaker) => [breaker.name, describeBreaker(breaker, closings, nowMs)] as const);
  return [...new Map(breakers).values()];
}

function describeConsumers(pool: Pool, span: Span): readonly ConsumerReport[] {
  const [counts] = pool.list(consumerCountsKind);
  if (counts === undefined) return [];
  return counts
    .busiest(CONSUMER_STEPS)
    .slice(0, SHOWN_CONSUMERS)
    .map(({ count, requests, refused, failed }) => ({
      name: count.name,
      plan: count.plan ?? null,
      requestsPerSecond: span.perSecond(counts.sum(count, MINUTE_STEPS).requests),
      requests,
      refused,
      failed,
      topRoute: count.topRoute ?? null,
    }));
}

function describeCache(pool: Pool, sampler: Sampler, maxBytes: number): CacheReport | null {
  const [shared] = pool.list(sharedKind);
  if (shared === undefined) return null;
  const { hitRate } = describeLookups(sampler.lookups.ofAll());
  const { bytes, entries } = shared.usage;
  return { hitRate, bytes, maxBytes, entries, store: shared.isLocal ? 'memory' : 'redis' };
}

/** What must be said in one go, by a step for each part of a list. */
function* renderInSteps(report: OverviewReport, hide: Hide): Steps<string> {
  const parts: string[] = [];
  const hidden = (_key: string, value: unknown): unknown => (typeof value === 'string' ? hide(value) : value);
  for (const [key, value] of Object.entries(report)) {
    parts.push(
      `${JSON.stringify(key)}:${Array.isArray(value) ? yield* renderList(value, hidden) : JSON.stringify(value, hidden)}`,
    );
    yield;
  }
  return `{${parts.join(',\n')}}\n`;
}

function* renderList(list: readonly unknown[], hidden: (key: string, value: unknown) => unknown): Steps<string> {
  const parts: string[] = [];
  for (const one of list) {
    parts.push(JSON.stringify(one, hidden));
    yield;
  }
  return `[${parts.join(',\n')}]`;
}
