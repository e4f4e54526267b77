/** What the admin port tells; see the pages of docs/dashboard.md. Times are milliseconds since 1970. */
export interface Overview {
  readonly at: number;
  /** Which gateway this is: its host and port. */
  readonly instance?: string;
  readonly version: string;
  readonly status: string;
  readonly uptimeSeconds: number;
  readonly node: string;
  readonly inFlight: number;
  readonly webSockets: number;
  readonly redis: string;
  readonly redisChanges?: RedisChanges | null;
  readonly logLevel: string;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number; readonly heapTotalBytes: number };
  readonly eventLoop: { readonly meanMs: number; readonly p99Ms: number; readonly maxMs: number };
  readonly window: {
    readonly seconds: number;
    readonly requestsPerSecond: number;
    readonly clientErrorsPerSecond: number;
    readonly serverErrorsPerSecond: number;
  } & Readonly<Record<'p50Ms' | 'p95Ms' | 'p99Ms' | 'gatewayP50Ms' | 'gatewayP99Ms', number | null>>;
  readonly routes: readonly RouteRow[];
  readonly services: readonly ServiceRow[];
  /** Those of routes that have their own, too. */
  readonly breakers?: readonly BreakerState[];
  readonly consumers: readonly ConsumerRow[];
  readonly limits: readonly LimitRow[];
  readonly tokens: readonly TokenRow[];
  readonly cache: CacheState | null;
  readonly reloads: readonly Reload[];
  readonly notices: readonly Notice[];
}

export interface RedisChanges {
  /** Without credentials. */
  readonly address?: string;
  readonly since: number;
  readonly lastTenMinutes: number;
  /** The newest first. */
  readonly changes?: readonly { readonly at: number; readonly to: string; readonly reason: string }[];
}

export interface RouteRow {
  readonly name: string;
  readonly prefix: string;
  readonly service: string | null;
  readonly isProtected: boolean;
  readonly stages: readonly string[];
  readonly requestsPerSecond: number;
  readonly clientErrorsPerSecond: number;
  readonly serverErrorsPerSecond: number;
  readonly requests: number;
  readonly lastMinute?: { readonly requests: number; readonly clientErrors: number; readonly serverErrors: number };
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly refusals: Readonly<Record<string, number>>;
  readonly limiter: { readonly allowed: number; readonly refused: number } | null;
  readonly cache: (Readonly<Record<'hits' | 'misses' | 'stale', number>> & { readonly hitRate: number | null }) | null;
}

export interface ServiceRow {
  readonly name: string;
  readonly healthy: number;
  readonly total: number;
  readonly requestsPerSecond: number;
  readonly failedPerSecond: number;
  /** Whether its targets are still looked up: `ok`, `stale`, `empty`. */
  readonly discovery?: string;
  readonly usualP99Ms?: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly breaker: BreakerState | null;
  readonly targets: readonly TargetRow[];
}

export interface BreakerState {
  readonly name: string;
  readonly state: string;
  readonly since?: number | null;
  /** When it opened first since it was closed last. */
  readonly openSince?: number | null;
  readonly retryAfterSeconds?: number | null;
  readonly isForced?: boolean;
  /** What opened it. */
  readonly opened?: {
    readonly calls: number;
    readonly failures: number;
    readonly outcomes?: Readonly<Record<string, number>>;
  };
}

export interface TargetRow {
  readonly url: string;
  /** `in`, `trial` (counts as not in), `out`. */
  readonly state: string;
  readonly lastFailure?: LastFailure | null;
  readonly reason?: string | null;
  readonly inFlight: number;
  readonly latencyMs: number | null;
  readonly weight: number;
}

export interface LastFailure {
  /** As in the metrics: `refused`, `headers-timeout`, ... */
  readonly outcome: string;
  readonly cause: string;
  readonly at: number;
  readonly inARow: number;
  /** The first of the row. */
  readonly since: number;
}

export interface ConsumerRow {
  readonly name: string;
  readonly plan?: string | null;
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** By the gateway, its expired keys among them. */
  readonly refused: number;
  /** Answered 5xx for the sake of a service or the gateway. */
  readonly failed?: number;
  readonly topRoute?: string | null;
}

export interface LimitRow {
  readonly scope: string;
  readonly limit: number | string;
  readonly window: string;
  readonly by?: string | null;
  /** What is counted: calls or tokens. */
  readonly unit?: string;
}

export interface TokenRow {
  readonly route: string;
  readonly model: string;
  readonly inPerMinute: number;
  readonly outPerMinute: number;
  readonly inTotal: number;
  readonly outTotal: number;
  readonly budgets: readonly { readonly limit: number; readonly window: string }[];
}

export interface CacheState {
  readonly hitRate: number | null;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly entries: number;
  readonly store: string;
}

export interface Fault {
  readonly place?: string;
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
}

export interface Reload {
  readonly at: number | string;
  readonly by: string;
  readonly result: string;
  readonly changes: readonly string[];
  readonly faults: readonly Fault[];
  readonly tookMs?: number;
  /** How many more changes and faults there were. */
  readonly left?: number;
}

export interface Notice {
  readonly severity: 'bad' | 'warn' | 'info';
  readonly text: string;
  readonly link?: string | null;
  /** The requests that show it: `requests?service=inventory&code=headers_timeout`. */
  readonly evidence?: string | null;
}

type Curve = 'requests' | 'clientErrors' | 'serverErrors' | 'p50Ms' | 'p99Ms' | 'gatewayP99Ms';

export interface History extends Readonly<Record<Curve, readonly (number | null)[]>> {
  readonly stepSeconds: number;
  readonly times: readonly number[];
}

export interface Step {
  readonly stage: string;
  readonly decisions: readonly string[] | null;
  readonly refuses: boolean;
}

/** A refused or failed request: its line of the log, and what its stages decided. */
export interface Recent {
  readonly [field: string]: unknown;
  readonly time: string;
  readonly method?: string;
  readonly path?: string;
  readonly status: number;
  readonly requestId?: string;
  readonly route?: string;
  readonly consumer?: string;
  /** Whose key it is that was good once. */
  readonly keyOwner?: string;
  readonly keyId?: string;
  readonly service?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly steps: readonly Step[];
}

type Field = readonly [name: string, value: string];

/** The answer of `POST /explain`. */
export interface Explanation {
  readonly request: Readonly<Record<'method' | 'host' | 'asked' | 'path' | 'clientAddress' | 'scheme', string>>;
  readonly route: string | null;
  readonly considered: readonly { readonly route: string; readonly prefix: string; readonly lost: string | null }[];
  readonly nearest?: { readonly prefix: string; readonly wants?: string };
  readonly steps: readonly Step[];
  readonly outcome: 'passes' | 'refused' | 'undecided';
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly detailForLog?: string;
  readonly advice?: string;
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly object[];
  readonly refusalHeaders?: readonly Field[];
  readonly caller?: Readonly<Record<string, unknown>>;
  readonly token?: readonly ({ readonly isGood: boolean } & Readonly<Record<'claim' | 'value' | 'says', string>>)[];
  readonly cache?: { readonly isGivenOut: boolean };
  readonly service?: string;
  readonly target?: string;
  readonly breaker?: Readonly<Record<string, unknown>>;
  readonly sends?: {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly Field[];
    readonly removed: readonly string[];
    readonly added: readonly string[];
  };
  readonly timeouts?: Readonly<Record<string, number | null>>;
  readonly retry?: Readonly<Record<string, unknown>>;
}
