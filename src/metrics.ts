import { collectDefaultMetrics, Registry } from 'prom-client';
import { Exemplars } from './metrics/exemplars.ts';
import { createMakers } from './metrics/makers.ts';
import type { CacheUsage, TargetCount } from './metrics/watched.ts';

const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const FIRST_TOKEN_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const TOKEN_RATE_BUCKETS = [1, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1000];

/**
 * Every metric: name, labels, meaning; docs/metrics.md is written from this. Labels never hold a raw path, a consumer or
 * anything a client chooses: `route` is a route's name, `method` one of the methods that HTTP registers or `OTHER`.
 */
// biome-ignore format: a table
function createTable(registry: Registry) {
  const { counter, rareCounter, gauge, histogram, reading } = createMakers(registry);
  return {
    // Requests
    requests: counter('turnpike_requests_total', ['route', 'method', 'status', 'source'],
      'Requests that ended, by route, method, status (4xx and so on for one that nobody has registered) and who answered (service, gateway, client).'),
    refusals: counter('turnpike_refusals_total', ['route', 'code'],
      'Requests that the gateway answered with an error of its own, by route and code (docs/errors.md).'),
    requestDuration: histogram('turnpike_request_duration_seconds', 'route',
      'From the request line to the last byte of the answer.', DURATION_BUCKETS_SECONDS),
    gatewayDuration: histogram('turnpike_gateway_duration_seconds', 'route',
      "The gateway's own share: until the head of the answer was sent, less the time spent waiting for services.", DURATION_BUCKETS_SECONDS),
    requestsInFlight: reading('turnpike_requests_in_flight', [],
      'Requests that have begun and not ended.'),
    websocketsOpen: gauge('turnpike_websockets_open', [],
      'WebSockets that are open.'),
    watchdogEnded: rareCounter('turnpike_watchdog_ended_total', [],
      'Requests that nobody answered, ended by the watchdog: a bug each, so this should always be 0.'),

    // Services
    upstreamDuration: histogram('turnpike_upstream_duration_seconds', 'service',
      "The service's share: from sending to its response headers, summed over attempts.", DURATION_BUCKETS_SECONDS),
    attempts: counter('turnpike_upstream_attempts_total', ['service', 'outcome'],
      'Attempts at targets, by how they ended.'),
    failovers: counter('turnpike_failovers_total', ['route', 'from', 'to', 'status'],
      'Calls that another service was asked to answer, since the one before had answered with this status.'),
    breakerState: gauge('turnpike_breaker_state', ['breaker'],
      'State of a circuit breaker: 0 closed, 1 half-open, 2 open.'),
    breakerTransitions: counter('turnpike_breaker_transitions_total', ['breaker', 'to'],
      'Changes of a circuit breaker, by the state it went to.'),
    targetHealthy: reading('turnpike_target_healthy', ['service', 'state'],
      'Targets of a service, by whether they are given requests: in (healthy), out (ejected, or failing checks).'),

    // Who calls, and how often
    credentialRefusals: counter('turnpike_credential_refusals_total', ['route', 'reason'],
      'Credentials that were refused, by why: expired_key (a key, signature key or client certificate that is known, and has ended), expired_token, revoked, unknown, invalid (anything else).', { showsZero: true }),
    bans: rareCounter('turnpike_bans_total', ['reason'],
      'Bans that began on this gateway, by reason (failed-credentials, refused-calls).'),
    limiterDecisions: counter('turnpike_limiter_decisions_total', ['route', 'decision'],
      'Decisions of the rate limiter: allowed, refused, failed-open, failed-closed.'),
    limiterStore: gauge('turnpike_limiter_store_up', [],
      'Whether limits are counted in Redis (1) or locally because it does not answer (0); absent without REDIS_URL.'),
    redisTransitions: counter('turnpike_redis_transitions_total', ['to'],
      'Changes of the way to Redis, by what it went to: up, down; absent without REDIS_URL.', { showsZero: true }),

    // What stages do
    cacheLookups: counter('turnpike_cache_lookups_total', ['route', 'result'],
      'Requests of routes with a cache, by what came of them: hit, stale, revalidated, expired, miss, bypass.'),
    cacheBytes: reading('turnpike_cache_bytes', [],
      'What the answers take that are stored in the memory of this process.'),
    cacheEntries: reading('turnpike_cache_entries', [],
      'How many answers are stored in the memory of this process.'),
    idempotency: counter('turnpike_idempotency_total', ['route', 'result'],
      'Requests with an Idempotency-Key, by what it was: begun, answered (given again), running, mismatch, lost, spent, closed, unavailable.'),
    graphqlOperations: counter('turnpike_graphql_operations_total', ['route', 'operation', 'type'],
      'Operations of GraphQL that a guard let pass, by name (those of its list; else other) and type.'),
    mcpCalls: counter('turnpike_mcp_calls_total', ['route', 'method', 'name', 'result'],
      'Messages of MCP clients, by method (those of the protocol; else other), name (those of the file; else other, none without one) and result: passed, refused.'),
    modelTokens: counter('turnpike_model_tokens_total', ['route', 'direction', 'model', 'source'],
      'Tokens that language models were sent (in) and have answered (out), by model (those of the route; else other) and whether the service has told them (told, estimated).'),
    firstTokenDuration: histogram('turnpike_model_first_token_seconds', 'route',
      'From sending a call to a language model to the first text of its stream.', FIRST_TOKEN_BUCKETS_SECONDS),
    tokensPerSecond: histogram('turnpike_model_tokens_per_second', 'route',
      'Tokens a second of a streamed answer, from its first text to its end.', TOKEN_RATE_BUCKETS),
    shadowRefusals: counter('turnpike_shadow_refusals_total', ['route', 'stage', 'code'],
      'Requests that a shadowed stage would have refused, by route, stage and error code.'),
    ownStageDuration: histogram('turnpike_own_stage_duration_seconds', 'stage',
      'What own stages (use) take of a request, until they let it go on, refuse or answer it.', DURATION_BUCKETS_SECONDS),
    ownStageFailures: counter('turnpike_own_stage_failures_total', ['stage', 'reason'],
      'Failures of own stages (use), by reason: threw, timeout, twice (answered twice), late (where nobody waits).'),

    // The gateway itself
    reloads: rareCounter('turnpike_reloads_total', ['result'],
      'Reloads of the routes file, by result (applied, unchanged, refused).'),
    lastReloadTaken: gauge('turnpike_config_last_reload_successful', [],
      'Whether the file that was read last is in force (1), or was refused, so that an older one serves on (0).'),
    snapshotLoadedAt: gauge('turnpike_config_last_reload_success_timestamp_seconds', [],
      'When the configuration in force was loaded.'),
    traceSpans: counter('turnpike_trace_spans_total', ['result'],
      'Spans, by what became of them: exported, failed (the collector did not take them), dropped (no room to wait).'),
    accessLogDropped: rareCounter('turnpike_access_log_dropped_total', [],
      'Log lines dropped because the reader of the log is too slow.'),
    accessLogLeftOut: counter('turnpike_access_log_left_out_total', ['route'],
      'Lines of requests that went well, left out of the access log as LOG_SAMPLE_SUCCESS says.'),
  };
}

/**
 * Prometheus sees no increase in a series that begins at 1, so a counter that an alert watches begins at 0; and a gauge
 * begins at 0, which would tell of a fault where there is nothing to be up.
 */
function setStartValues({ reloads, limiterStore, lastReloadTaken }: ReturnType<typeof createTable>): void {
  for (const result of ['applied', 'unchanged', 'refused']) reloads.inc({ result }, 0);
  limiterStore.remove();
  lastReloadTaken.set(1);
}

/** Says where what is read when somebody asks is read. */
function createWatches({ requestsInFlight, targetHealthy, cacheBytes, cacheEntries }: ReturnType<typeof createTable>) {
  return {
    watchInFlight(read: () => number): void {
      requestsInFlight.from(() => [[{}, read()]]);
    },
    watchTargets(read: () => Iterable<TargetCount>): void {
      targetHealthy.from(function* readings() {
        for (const { service, healthy, out } of read()) {
          yield [{ service, state: 'in' }, healthy];
          yield [{ service, state: 'out' }, out];
        }
      });
    },
    watchCache(read: () => CacheUsage): void {
      cacheBytes.from(() => [[{}, read().bytes]]);
      cacheEntries.from(() => [[{}, read().entries]]);
    },
  };
}

export type Metrics = ReturnType<typeof createTable> &
  ReturnType<typeof createWatches> & {
    readonly registry: Registry;
    /** Of which requests an exemplar is kept. */
    readonly exemplars: Exemplars;
  };

/** The registry and its table; `process` adds Node's own (event-loop lag, memory, descriptors). */
export function createMetrics({ process = false } = {}): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  const table = createTable(registry);
  setStartValues(table);
  return { ...table, ...createWatches(table), registry, exemplars: new Exemplars() };
}
