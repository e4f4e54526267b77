import type { Steps } from '../lib/steps.ts';
import type { TallyCounter } from '../metrics/tally-counter.ts';
import type { CompiledRoute } from '../snapshot.ts';
import { roundTo } from './history.ts';
import type { CountsByName } from './minute-counts.ts';
import type { RouteReport } from './report.ts';
import type { Sampler } from './sampler.ts';
import type { Span } from './span.ts';

/** What the routes are described from, each read once for all of them. */
interface RouteCounts {
  readonly sampler: Sampler;
  readonly span: Span;
  readonly totals: ReadonlyMap<string, number>;
  readonly refusals: CountsByName;
  readonly decisions: CountsByName;
  readonly lookups: CountsByName;
}

/** Every route of the file, a step each. */
export function* describeRoutes(
  routes: readonly CompiledRoute[],
  sampler: Sampler,
  span: Span,
  requests: TallyCounter,
): Steps<RouteReport[]> {
  const counts: RouteCounts = {
    sampler,
    span,
    totals: totalsOf(requests),
    refusals: sampler.refusals.sum(),
    decisions: sampler.decisions.sum(),
    lookups: sampler.lookups.sum(),
  };
  const reports: RouteReport[] = [];
  for (const route of routes) {
    yield;
    reports.push(describeRoute(route, counts));
  }
  return reports;
}

function describeRoute({ name, prefix, stages, isProtected, config }: CompiledRoute, counts: RouteCounts): RouteReport {
  const { sampler, span, totals } = counts;
  const sum = span.of(sampler.routes.get(name));
  const { requests, clientErrors, serverErrors } = sum;
  return {
    name,
    prefix,
    service: typeof config.service === 'string' ? config.service : null,
    isProtected,
    stages,
    requestsPerSecond: span.perSecond(requests),
    clientErrorsPerSecond: span.perSecond(clientErrors),
    serverErrorsPerSecond: span.perSecond(serverErrors),
    requests: totals.get(name) ?? 0,
    lastMinute: { requests, clientErrors, serverErrors },
    p50Ms: span.percentileMs(sum.whole, 0.5),
    p99Ms: span.percentileMs(sum.whole, 0.99),
    refusals: Object.fromEntries(counts.refusals.get(name) ?? []),
    limiter: describeLimiter(stages, counts.decisions.get(name)),
    cache: stages.includes('cache') ? describeLookups(counts.lookups.get(name)) : null,
  };
}

function totalsOf(requests: TallyCounter): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  requests.each(({ route = '' }, { value }) => totals.set(route, (totals.get(route) ?? 0) + value));
  return totals;
}

const LIMITERS = ['gatewayLimit', 'rateLimit', 'modelTokens', 'mcpLimit', 'graphqlCost'];

type Words = ReadonlyMap<string, number>;

const amountOf = (words: Words | undefined, ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (words?.get(name) ?? 0), 0);

function describeLimiter(stages: readonly string[], decisions: Words | undefined): RouteReport['limiter'] {
  if (decisions === undefined && !LIMITERS.some((stage) => stages.includes(stage))) return null;
  return {
    allowed: amountOf(decisions, 'allowed', 'failed-open'),
    refused: amountOf(decisions, 'refused', 'failed-closed'),
  };
}

/** What was answered from the store, as such or since the service said that it still holds; bypasses are neither. */
export function describeLookups(lookups: Words | undefined): NonNullable<RouteReport['cache']> {
  const hits = amountOf(lookups, 'hit', 'revalidated');
  const stale = amountOf(lookups, 'stale');
  const misses = amountOf(lookups, 'miss', 'expired');
  const all = hits + stale + misses;
  return { hits, misses, stale, hitRate: all === 0 ? 0 : roundTo((hits + stale) / all, 1000) };
}
