import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import { TallyCounter } from './metrics/tally-counter.ts';
import { TallyHistogram } from './metrics/tally-histogram.ts';
import type { CacheUsage, TargetCount } from './metrics/watched.ts';

/**
 * Every metric: name, unit, labels, meaning. Labels never hold a raw path, a consumer or anything a client chooses:
 * `route` is a route's name, `method` one of the methods that HTTP registers or `OTHER`.
 */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** See TallyHistogram, TallyCounter for why they are not prom-client's own; a registry only ever calls what they have. */
function createHistogram(registry: Registry, options: ConstructorParameters<typeof TallyHistogram>[0]): TallyHistogram {
  const histogram = new TallyHistogram(options);
  registry.registerMetric(histogram as unknown as Metric);
  return histogram;
}

function createCounter(registry: Registry, options: ConstructorParameters<typeof TallyCounter>[0]): TallyCounter {
  const counter = new TallyCounter(options);
  registry.registerMetric(counter as unknown as Metric);
  return counter;
}

/**
 * Prometheus sees no increase in a series that begins at 1, so a counter that an alert watches begins at 0; and a gauge
 * begins at 0, which would tell of a fault where there is nothing to be up.
 */
function setStartValues({ reloads, limiterStore }: ReturnType<typeof createTable>): void {
  for (const result of ['applied', 'unchanged', 'refused']) reloads.inc({ result }, 0);
  limiterStore.remove();
}

function createTable(registry: Registry) {
  const registers = [registry];
  let readTargets: () => Iterable<TargetCount> = () => [];
  let readInFlight = (): number => 0;
  let readCache = (): CacheUsage => ({ bytes: 0, entries: 0 });
  return {
    requests: createCounter(registry, {
      name: 'turnpike_requests_total',
      help: 'Requests that ended, by route, method, status and who answered (service, gateway, client).',
      labelNames: ['route', 'method', 'status', 'source'],
    }),
    refusals: createCounter(registry, {
      name: 'turnpike_refusals_total',
      help: 'Requests that the gateway answered with an error of its own, by route and code (docs/errors.md).',
      labelNames: ['route', 'code'],
    }),
    requestDuration: createHistogram(registry, {
      name: 'turnpike_request_duration_seconds',
      help: 'From the request line to the last byte of the answer.',
      label: 'route',
      bounds: DURATION_BUCKETS_SECONDS,
    }),
    gatewayDuration: createHistogram(registry, {
      name: 'turnpike_gateway_duration_seconds',
      help: "The gateway's own share: until the head of the answer was sent, less the time spent waiting for services.",
      label: 'route',
      bounds: DURATION_BUCKETS_SECONDS,
    }),
    upstreamDuration: createHistogram(registry, {
      name: 'turnpike_upstream_duration_seconds',
      help: "The service's share: from sending to its response headers, summed over attempts.",
      label: 'service',
      bounds: DURATION_BUCKETS_SECONDS,
    }),
    attempts: createCounter(registry, {
      name: 'turnpike_upstream_attempts_total',
      help: 'Attempts at targets, by how they ended.',
      labelNames: ['service', 'outcome'],
    }),
    breakerState: new Gauge({
      name: 'turnpike_breaker_state',
      help: 'State of a circuit breaker: 0 closed, 1 half-open, 2 open.',
      labelNames: ['breaker'],
      registers,
    }),
    breakerTransitions: createCounter(registry, {
      name: 'turnpike_breaker_transitions_total',
      help: 'Changes of a circuit breaker, by the state it went to.',
      labelNames: ['breaker', 'to'],
    }),
    limiterDecisions: createCounter(registry, {
      name: 'turnpike_limiter_decisions_total',
      help: 'Decisions of the rate limiter: allowed, refused, failed-open, failed-closed.',
      labelNames: ['route', 'decision'],
    }),
    graphqlOperations: createCounter(registry, {
      name: 'turnpike_graphql_operations_total',
      help: 'Operations of GraphQL that a guard let pass, by name (those of its list; else other) and type.',
      labelNames: ['route', 'operation', 'type'],
    }),
    modelTokens: createCounter(registry, {
      name: 'turnpike_model_tokens_total',
      help: 'Tokens that language models were sent (in) and have answered (out), by model (those of the route; else other) and whether the service has told them (told, estimated).',
      labelNames: ['route', 'direction', 'model', 'source'],
    }),
    firstTokenDuration: createHistogram(registry, {
      name: 'turnpike_model_first_token_seconds',
      help: 'From sending a call to a language model to the first text of its stream.',
      label: 'route',
      bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    }),
    tokensPerSecond: createHistogram(registry, {
      name: 'turnpike_model_tokens_per_second',
      help: 'Tokens a second of a streamed answer, from its first text to its end.',
      label: 'route',
      bounds: [1, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1000],
    }),
    failovers: createCounter(registry, {
      name: 'turnpike_failovers_total',
      help: 'Calls that another service was asked to answer, since the one before had answered with this status.',
      labelNames: ['route', 'from', 'to', 'status'],
    }),
    mcpCalls: createCounter(registry, {
      name: 'turnpike_mcp_calls_total',
      help: 'Messages of MCP clients, by method (those of the protocol; else other), name (those of the file; else other, none without one) and result: passed, refused.',
      labelNames: ['route', 'method', 'name', 'result'],
    }),
    idempotency: createCounter(registry, {
      name: 'turnpike_idempotency_total',
      help: 'Requests with an Idempotency-Key, by what it was: begun, answered (given again), running, mismatch, lost, spent, closed, unavailable.',
      labelNames: ['route', 'result'],
    }),
    limiterStore: new Gauge({
      name: 'turnpike_limiter_store_up',
      help: 'Whether limits are counted in Redis (1) or locally because it does not answer (0); absent without REDIS_URL.',
      registers,
    }),
    shadowRefusals: createCounter(registry, {
      name: 'turnpike_shadow_refusals_total',
      help: 'Requests that a shadowed stage would have refused, by route, stage and error code.',
      labelNames: ['route', 'stage', 'code'],
    }),
    bans: new Counter({
      name: 'turnpike_bans_total',
      help: 'Bans that began on this gateway, by reason (failed-credentials, refused-calls).',
      labelNames: ['reason'],
      registers,
    }),
    reloads: new Counter({
      name: 'turnpike_reloads_total',
      help: 'Reloads of the routes file, by result (applied, unchanged, refused).',
      labelNames: ['result'],
      registers,
    }),
    snapshotLoadedAt: new Gauge({
      name: 'turnpike_config_last_reload_success_timestamp_seconds',
      help: 'When the configuration in force was loaded.',
      registers,
    }),
    requestsInFlight: new Gauge({
      name: 'turnpike_requests_in_flight',
      help: 'Requests that have begun and not ended.',
      registers,
      collect() {
        this.set(readInFlight());
      },
    }),
    /** Says where the number of requests in flight is read when somebody asks for it. */
    watchInFlight(read: () => number): void {
      readInFlight = read;
    },
    watchdogEnded: new Counter({
      name: 'turnpike_watchdog_ended_total',
      help: 'Requests that nobody answered, ended by the watchdog: a bug each, so this should always be 0.',
      registers,
    }),
    targetHealthy: new Gauge({
      name: 'turnpike_target_healthy',
      help: 'Targets of a service, by whether they are given requests: in (healthy), out (ejected, or failing checks).',
      labelNames: ['service', 'state'],
      registers,
      collect() {
        this.reset();
        for (const { service, healthy, out } of readTargets()) {
          this.set({ service, state: 'in' }, healthy);
          this.set({ service, state: 'out' }, out);
        }
      },
    }),
    /** Says where the health of targets is read when somebody asks for it. */
    watchTargets(read: () => Iterable<TargetCount>): void {
      readTargets = read;
    },
    cacheLookups: createCounter(registry, {
      name: 'turnpike_cache_lookups_total',
      help: 'Requests of routes with a cache, by what came of them: hit, stale, revalidated, expired, miss, bypass.',
      labelNames: ['route', 'result'],
    }),
    cacheBytes: new Gauge({
      name: 'turnpike_cache_bytes',
      help: 'What the answers take that are stored in the memory of this process.',
      registers,
      collect() {
        this.set(readCache().bytes);
      },
    }),
    cacheEntries: new Gauge({
      name: 'turnpike_cache_entries',
      help: 'How many answers are stored in the memory of this process.',
      registers,
      collect() {
        this.set(readCache().entries);
      },
    }),
    /** Says where the usage of the cache is read when somebody asks for it. */
    watchCache(read: () => CacheUsage): void {
      readCache = read;
    },
    ownStageDuration: createHistogram(registry, {
      name: 'turnpike_own_stage_duration_seconds',
      help: 'What own stages (use) take of a request, until they let it go on, refuse or answer it.',
      label: 'stage',
      bounds: DURATION_BUCKETS_SECONDS,
    }),
    ownStageFailures: createCounter(registry, {
      name: 'turnpike_own_stage_failures_total',
      help: 'Failures of own stages (use), by reason: threw, timeout, twice (answered twice), late (where nobody waits).',
      labelNames: ['stage', 'reason'],
    }),
    websocketsOpen: new Gauge({
      name: 'turnpike_websockets_open',
      help: 'WebSockets that are open.',
      registers,
    }),
    traceSpans: createCounter(registry, {
      name: 'turnpike_trace_spans_total',
      help: 'Spans, by what became of them: exported, failed (the collector did not take them), dropped (no room to wait).',
      labelNames: ['result'],
    }),
    accessLogDropped: new Counter({
      name: 'turnpike_access_log_dropped_total',
      help: 'Log lines dropped because the reader of the log is too slow.',
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createTable> & { readonly registry: Registry };

/** The registry and its table; `process` adds Node's own (event-loop lag, memory, descriptors). */
export function createMetrics({ process = false } = {}): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  const table = createTable(registry);
  setStartValues(table);
  return { ...table, registry };
}
