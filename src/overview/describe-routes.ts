import type { Steps } from '../lib/steps.ts';
import type { TallyCounter } from '../metrics/tally-counter.ts';
import type { CompiledRoute } from '../snapshot.ts';
import { roundTo } from './history.ts';
import type { RouteReport } from './report.ts';
import type { Sampler } from './sampler.ts';
import type { Span } from './span.ts';

/** Every route of the file, a step each. */
export function* describeRoutes(
  routes: readonly CompiledRoute[],
  sampler: Sampler,
  span: Span,
  requests: TallyCounter,
): Steps<RouteReport[]> {
  const reports: RouteReport[] = [];
  for (const route of routes) {
    yield;
    reports.push(describeRoute(route, sampler, span, requests));
  }
  return reports;
}

function describeRoute(
  { name, prefix, stages, isProtected, config }: CompiledRoute,
  sampler: Sampler,
  span: Span,
  counter: TallyCounter,
): RouteReport {
  const sum = span.of(sampler.routes.get(name));
  const { requests, clientErrors, serverErrors } = sum;
  let total = 0;
  counter.each(name, (_labels, { value }) => {
    total += value;
  });
  return {
    name,
    prefix,
    service: typeof config.service === 'string' ? config.service : null,
    isProtected,
    stages,
    requestsPerSecond: span.perSecond(requests),
    clientErrorsPerSecond: span.perSecond(clientErrors),
    serverErrorsPerSecond: span.perSecond(serverErrors),
    requests: total,
    lastMinute: { requests, clientErrors, serverErrors },
    p50Ms: span.percentileMs(sum.whole, 0.5),
    p99Ms: span.percentileMs(sum.whole, 0.99),
    refusals: Object.fromEntries(sampler.refusals.of(name)),
    limiter: describeLimiter(stages, sampler.decisions.of(name)),
    cache: stages.includes('cache') ? describeLookups(sampler.lookups.of(name)) : null,
  };
}

const LIMITERS = ['gatewayLimit', 'rateLimit', 'modelTokens', 'mcpLimit', 'graphqlCost'];

type Words = ReadonlyMap<string, number>;

const amountOf = (words: Words, ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (words.get(name) ?? 0), 0);

function describeLimiter(stages: readonly string[], decisions: Words): RouteReport['limiter'] {
  if (decisions.size === 0 && !LIMITERS.some((stage) => stages.includes(stage))) return null;
  return {
    allowed: amountOf(decisions, 'allowed', 'failed-open'),
    refused: amountOf(decisions, 'refused', 'failed-closed'),
  };
}

/** What was answered from the store, as such or since the service said that it still holds; bypasses are neither. */
export function describeLookups(lookups: Words): NonNullable<RouteReport['cache']> {
  const hits = amountOf(lookups, 'hit', 'revalidated');
  const stale = amountOf(lookups, 'stale');
  const misses = amountOf(lookups, 'miss', 'expired');
  const all = hits + stale + misses;
  return { hits, misses, stale, hitRate: all === 0 ? 0 : roundTo((hits + stale) / all, 1000) };
}
