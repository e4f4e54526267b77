/** What `GET /overview` answers. Times are epoch milliseconds, rates are per second, latencies milliseconds. */
export interface OverviewReport {
  readonly at: number;
  /** Host and port: which gateway this is. */
  readonly instance: string;
  readonly version: string;
  readonly status: 'serving' | 'draining';
  readonly uptimeSeconds: number;
  readonly node: string;
  /** The whole path of the file that it reads. */
  readonly routesFile: string;
  readonly inFlight: number;
  readonly webSockets: number;
  readonly redis: 'up' | 'down' | 'not configured';
  readonly redisChanges: RedisReport | null;
  readonly logLevel: string;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number; readonly heapTotalBytes: number };
  readonly eventLoop: LoopReport;
  readonly window: WindowReport;
  readonly routes: readonly RouteReport[];
  readonly services: readonly ServiceOverview[];
  /** All of them: those of routes that have their own, too. */
  readonly breakers: readonly BreakerReport[];
  readonly consumers: readonly ConsumerReport[];
  readonly limits: readonly LimitReport[];
  readonly tokens: readonly TokenReport[];
  /** Null where no route caches. */
  readonly cache: CacheReport | null;
  /** The newest first. */
  readonly reloads: readonly ReloadReport[];
  /** The most severe first. */
  readonly notices: readonly Notice[];
}

/** Of the last minute. */
export interface LoopReport {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface RedisReport {
  /** Without credentials. */
  readonly address: string;
  /** When it went up or down last, or the start. */
  readonly since: number;
  /** How often it went up or down in the last ten minutes. */
  readonly lastTenMinutes: number;
  /** The last 20, the newest first. */
  readonly changes: readonly RedisChange[];
}

export interface RedisChange {
  readonly at: number;
  readonly to: 'up' | 'down';
  readonly reason: string;
}

/** The whole gateway in the last minute, or since the start. */
export interface WindowReport {
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly clientErrorsPerSecond: number;
  readonly serverErrorsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly gatewayP50Ms: number;
  readonly gatewayP99Ms: number;
}

export interface RouteReport {
  readonly name: string;
  readonly prefix: string;
  readonly service: string | null;
  readonly isProtected: boolean;
  readonly stages: readonly string[];
  readonly requestsPerSecond: number;
  readonly clientErrorsPerSecond: number;
  readonly serverErrorsPerSecond: number;
  /** Since the start. */
  readonly requests: number;
  /** In the last minute. */
  readonly lastMinute: { readonly requests: number; readonly clientErrors: number; readonly serverErrors: number };
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By code, in the last minute. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly limiter: { readonly allowed: number; readonly refused: number } | null;
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly stale: number;
    readonly hitRate: number;
  } | null;
}

export interface ServiceOverview {
  readonly name: string;
  readonly healthy: number;
  readonly total: number;
  readonly discovery: 'ok' | 'stale' | 'empty';
  readonly requestsPerSecond: number;
  readonly failedPerSecond: number;
  /** In the last minute: attempts, those that failed, and those that ran into their deadline. */
  readonly lastMinute: { readonly requests: number; readonly failed: number; readonly timedOut: number };
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Its p99 as it mostly was in the half hour before; null while that is not known. */
  readonly usualP99Ms: number | null;
  readonly breaker: BreakerReport | null;
  readonly targets: readonly TargetOverview[];
}

export interface BreakerReport {
  readonly name: string;
  readonly state: 'closed' | 'open' | 'half-open';
  /** Of its last change, trials among them. */
  readonly since: number;
  /** When it opened first since it was closed last; left out while it is closed. */
  readonly openSince?: number;
  readonly retryAfterSeconds?: number;
  readonly isForced: boolean;
  /** How often it has closed again in the last ten minutes. */
  readonly closedAgain: number;
  /** What opened it; left out while it is closed, and where an operator holds it. */
  readonly opened?: {
    readonly calls: number;
    readonly failures: number;
    /** By outcome, the most frequent first. */
    readonly outcomes: Readonly<Record<string, number>>;
  };
}

export interface TargetOverview {
  readonly url: string;
  /** `trial`: it was out, and its next request decides. It counts as not in. */
  readonly state: 'in' | 'trial' | 'out';
  readonly reason: string;
  readonly lastFailure: FailureReport | null;
  readonly inFlight: number;
  readonly latencyMs: number;
  readonly weight: number;
}

export interface FailureReport {
  /** As in the metrics: `refused`, `headers-timeout`. */
  readonly outcome: string;
  readonly cause: string;
  readonly at: number;
  /** 0 once it has answered again. */
  readonly inARow: number;
  /** The first of the row. */
  readonly since: number;
}

export interface ConsumerReport {
  readonly name: string;
  readonly plan: string | null;
  readonly requestsPerSecond: number;
  /** In the last ten minutes. */
  readonly requests: number;
  /** By the gateway, its expired keys among them. */
  readonly refused: number;
  /** Answered 5xx, or broken off, for the sake of a service or of the gateway. */
  readonly failed: number;
  readonly topRoute: string | null;
}

export interface LimitReport {
  readonly scope: string;
  readonly limit: number;
  readonly window: string;
  readonly by: string;
  /** What is counted. */
  readonly unit: 'calls' | 'tokens';
}

export interface TokenReport {
  readonly route: string;
  readonly model: string;
  readonly inPerMinute: number;
  readonly outPerMinute: number;
  readonly inTotal: number;
  readonly outTotal: number;
  readonly budgets: readonly { readonly limit: number; readonly window: string; readonly scope: string }[];
}

export interface CacheReport {
  readonly hitRate: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly entries: number;
  readonly store: 'memory' | 'redis';
}

export interface ReloadReport {
  readonly at: number;
  readonly by: string;
  readonly result: 'applied' | 'unchanged' | 'refused';
  readonly changes: readonly string[];
  readonly faults: readonly { readonly place: string; readonly message: string; readonly hint?: string }[];
  /** How many more changes and faults there were than are kept. */
  readonly left: number;
  readonly tookMs: number;
}

/** What an operator who is woken at night must read first, and what to do about it. */
export interface Notice {
  readonly severity: 'bad' | 'warn' | 'info';
  readonly text: string;
  /** `service/NAME`, `route/NAME`, `consumer/NAME`, `breaker/NAME`, `reloads`; null where there is nothing more to see. */
  readonly link: string | null;
  /** The requests that show it, a place of the page and the query of `/recent`: `requests?service=NAME&code=CODE`, or null. */
  readonly evidence: string | null;
}
