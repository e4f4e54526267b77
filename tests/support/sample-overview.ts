/** What `GET /overview`, `/history` and `/recent` tell of a gateway that does not exist, for the dashboard's page. */

const CODES = ['rate_limited', 'unauthenticated', 'not_found', 'forbidden'] as const;

export interface SampleOptions {
  readonly routes?: number;
  readonly services?: number;
  /** True for a service whose circuit is open, and one with a target that is out. */
  readonly isInTrouble?: boolean;
  readonly isIdle?: boolean;
  /** Stands in every text that somebody outside could have chosen. */
  readonly evil?: string;
  readonly at?: number;
}

const WORDS = ['users', 'orders', 'products', 'payments', 'search', 'media', 'reports', 'billing', 'stock', 'mail'];

const nameOf = (index: number): string => {
  const word = WORDS[index % WORDS.length] as string;
  return index < WORDS.length ? word : `${word}-${Math.floor(index / WORDS.length)}`;
};

/** A number that looks like chance, and is the same each time. */
const wobble = (index: number): number => Math.abs(Math.sin(index * 12.9898) * 43_758.5453) % 1;

/** What differs where nobody calls. */
const IDLE = {
  inFlight: 0,
  webSockets: 0,
  consumers: [],
  tokens: [],
  cache: { hitRate: null, bytes: 0, maxBytes: 64_000_000, entries: 0, store: 'memory' },
};
const NO_LATENCY = { p50Ms: null, p95Ms: null, p99Ms: null, gatewayP50Ms: null, gatewayP99Ms: null };

export function sampleOverview(options: SampleOptions = {}) {
  const { routes = 12, services = 6, isInTrouble = false, isIdle = false, evil = '', at = Date.now() } = options;
  const load = isIdle ? 0 : 1;
  const rows = Array.from({ length: routes }, (_, index) => routeRow(index, services, load, evil, isInTrouble));
  const sum = (key: 'requestsPerSecond' | 'clientErrorsPerSecond' | 'serverErrorsPerSecond') =>
    rows.reduce((total, row) => total + row[key], 0);
  return {
    at,
    instance: 'gateway-7:8080',
    version: '0.1.0',
    status: 'serving',
    uptimeSeconds: 93_784,
    node: '26.10.0',
    inFlight: 37,
    webSockets: 4,
    redis: isInTrouble ? 'down' : 'up',
    redisChanges: redisChanges(at, isInTrouble, evil),
    logLevel: 'info',
    memory: { rssBytes: 148_000_000, heapUsedBytes: 61_000_000, heapTotalBytes: 88_000_000 },
    eventLoop: { meanMs: 10.2, p99Ms: 12.4, maxMs: 31 },
    window: {
      seconds: 60,
      requestsPerSecond: sum('requestsPerSecond'),
      clientErrorsPerSecond: sum('clientErrorsPerSecond'),
      serverErrorsPerSecond: sum('serverErrorsPerSecond'),
      ...{ p50Ms: 8.4, p95Ms: 41, p99Ms: 118, gatewayP50Ms: 0.31, gatewayP99Ms: 1.9 },
      ...(isIdle && NO_LATENCY),
    },
    routes: rows,
    services: Array.from({ length: services }, (_, index) => serviceRow(index, load, isInTrouble, evil, at)),
    consumers: ['mobile-app', 'partner-eu', 'batch', 'web'].map((name, index) => ({
      name: name + evil,
      plan: index === 0 ? 'free' : 'pro',
      requestsPerSecond: 60 / (index + 1),
      requests: Math.round(36_000 / (index + 1)),
      refused: index === 0 ? 1234 : 0,
      failed: isInTrouble && index === 1 ? 45 : 0,
      topRoute: `/api/${nameOf(index)}`,
    })),
    limits: [
      { scope: 'gateway', limit: 5000, window: '1s', by: 'ip' },
      { scope: 'plan free', limit: 1000, window: '1h', by: 'consumer' },
      { scope: 'plan pro', limit: 100, window: '1s', by: 'consumer' },
      { scope: 'route /api/users', limit: 200, window: '1m', by: 'consumer' },
    ],
    tokens: [tokenRow(evil)],
    cache: { hitRate: 0.62, bytes: 21_400_000, maxBytes: 64_000_000, entries: 1840, store: 'memory' },
    reloads: reloads(at, isInTrouble, evil),
    notices: isInTrouble ? notices(evil) : [],
    ...(isIdle && IDLE),
  };
}

function redisChanges(at: number, isInTrouble: boolean, evil: string) {
  const changes = [
    { at: at - 40_000, to: 'down', reason: `no answer to PING within 75 ms${evil}` },
    { at: at - 52_000, to: 'up', reason: 'answers again' },
    { at: at - 55_000, to: 'down', reason: `read ECONNRESET${evil}` },
  ];
  const since = at - (isInTrouble ? 40_000 : 93_784_000);
  return {
    address: 'redis://10.0.9.1:6379/0',
    since,
    lastTenMinutes: isInTrouble ? 3 : 0,
    changes: isInTrouble ? changes : [],
  };
}

function tokenRow(evil: string) {
  return {
    route: '/ai/chat',
    model: `gpt-small${evil}`,
    inPerMinute: 12_400,
    outPerMinute: 3100,
    inTotal: 1_240_000,
    outTotal: 310_000,
    budgets: [{ limit: 50_000, window: '1m' }],
  };
}

function routeRow(index: number, services: number, load: number, evil: string, isInTrouble: boolean) {
  const rate = load * (index % 7 === 6 ? 0 : 240 * wobble(index + 1) ** 3 + 0.3);
  const isFailing = isInTrouble && index % services === 1;
  return {
    name: `/api/${nameOf(index)}${index === 0 ? evil : ''}`,
    prefix: `/api/${nameOf(index)}`,
    service: nameOf(index % services),
    isProtected: index % 5 !== 4,
    stages: ['cors', 'requestId', 'authenticate', 'rateLimit', 'cache', 'forward'],
    requestsPerSecond: rate,
    clientErrorsPerSecond: index % 3 === 0 ? rate * 0.02 : 0,
    serverErrorsPerSecond: isFailing ? rate * 0.4 : 0,
    requests: Math.round(rate * 93_784),
    p50Ms: rate === 0 ? null : 3 + 20 * wobble(index + 5),
    p99Ms: rate === 0 ? null : 30 + 300 * wobble(index + 9),
    refusals:
      rate === 0 ? {} : Object.fromEntries(CODES.map((code, at) => [code, Math.round(rate * wobble(at + index))])),
    limiter: index % 2 === 0 ? { allowed: Math.round(rate * 60), refused: Math.round(rate * 0.6) } : null,
    cache:
      index % 4 === 0 ? { hits: Math.round(rate * 40), misses: Math.round(rate * 20), hitRate: 0.66, stale: 2 } : null,
  };
}

function serviceRow(index: number, load: number, isInTrouble: boolean, evil: string, at: number) {
  const isOpen = isInTrouble && index === 1;
  const isShort = isInTrouble && index === 3;
  const targets = Array.from({ length: 2 }, (_, target) => ({
    url: `http://10.0.${index}.${target + 10}:4001${evil}`,
    state: stateOf(target, isOpen, isShort),
    reason: isShort && target === 1 ? `ejected for 30 s: 5 failures in a row${evil}` : '',
    lastFailure: stateOf(target, isOpen, isShort) === 'in' ? null : lastFailure(isOpen, at, evil),
    inFlight: load * (3 + target),
    latencyMs: 4.2 + index,
    weight: 1,
  }));
  return {
    name: nameOf(index),
    healthy: targets.filter(({ state }) => state === 'in').length,
    total: targets.length,
    requestsPerSecond: load * 80 * wobble(index + 2),
    failedPerSecond: isOpen ? 12.5 : 0,
    p50Ms: load === 0 ? null : 6 + index,
    p99Ms: load === 0 ? null : 60 + 12 * index,
    breaker:
      index % 3 === 2
        ? null
        : {
            name: nameOf(index),
            state: isOpen ? 'open' : 'closed',
            ...openingOf(isOpen, at),
            retryAfterSeconds: isOpen ? 7 : 0,
            isForced: false,
          },
    targets,
  };
}

/** Both targets of the service whose circuit is open wait for their trial. */
function stateOf(target: number, isOpen: boolean, isShort: boolean): string {
  if (isOpen) return 'trial';
  return isShort && target === 1 ? 'out' : 'in';
}

function openingOf(isOpen: boolean, at: number) {
  if (!isOpen) return { since: at - 312_000 };
  const opened = { calls: 72, failures: 37, outcomes: { 'headers-timeout': 36, refused: 1 } };
  return { since: at - 12_000, openSince: at - 312_000, opened };
}

function lastFailure(isOpen: boolean, at: number, evil: string) {
  return {
    outcome: isOpen ? 'headers-timeout' : 'refused',
    cause: isOpen ? `no head within 3000 ms${evil}` : `connect ECONNREFUSED 10.0.3.11:4001${evil}`,
    at: at - 3000,
    inARow: 12,
    since: at - 312_000,
  };
}

function notices(evil: string) {
  return [
    {
      severity: 'bad',
      text: `The circuit of orders is open since 03:04:12: 62 % of its calls failed${evil}`,
      link: 'service/orders',
      evidence: 'requests?service=orders&code=headers_timeout',
    },
    {
      severity: 'warn',
      text: 'A reload was refused at 03:01:40, and the configuration before it is in force: routes.json:12:5',
      link: 'reloads',
      evidence: null,
    },
    {
      severity: 'warn',
      text: '1 of 2 targets of payments is out: http://10.0.3.11:4001, 5 failures in a row',
      link: 'service/payments',
      evidence: 'requests?service=payments',
    },
    {
      severity: 'bad',
      text: 'The key of mobile-app has expired: 412 calls were refused with 401 in the last minute',
      link: 'consumer/mobile-app',
      evidence: 'requests?consumer=mobile-app&code=invalid_credential',
    },
    { severity: 'info', text: 'Redis is down: limits count for this process alone', link: null, evidence: null },
  ];
}

function reloads(at: number, isInTrouble: boolean, evil: string) {
  const list = [
    {
      at: at - 3_600_000,
      by: 'watch',
      result: 'applied',
      changes: [
        `/api/orders now requires role admin${evil}`,
        '/api/search: new route to search',
        'plan free: 1000 per 1h instead of 500 per 1h',
      ],
      faults: [],
      tookMs: 14,
    },
    { at: at - 93_784_000, by: 'start', result: 'applied', changes: [], faults: [], tookMs: 61 },
  ];
  if (!isInTrouble) return list;
  const faults = [
    { place: 'routes.json:12:5', message: `"rateLimit" is not known here${evil}`, hint: 'did you mean "rateLimits"?' },
  ];
  return [{ at: at - 300_000, by: 'admin', result: 'refused', changes: [], faults, tookMs: 9 }, ...list];
}

export function sampleHistory({ isIdle = false, at = Date.now() }: SampleOptions = {}, minutes = 10) {
  const count = (minutes * 60) / 5;
  const index = Array.from({ length: count }, (_, one) => one);
  const now = Math.floor(at / 5000) * 5;
  const of = (base: number, swing: number) =>
    index.map((one) =>
      isIdle ? 0 : Math.max(0, base + swing * Math.sin(one / 9) + swing * 0.5 * (wobble(one) - 0.5)),
    );
  const orNull = (list: number[]) => (isIdle ? list.map(() => null) : list);
  return {
    stepSeconds: 5,
    times: index.map((one) => now - (count - 1 - one) * 5),
    requests: of(420, 90),
    clientErrors: of(18, 8),
    serverErrors: index.map((one) => (isIdle || one < count - 30 ? 0 : 20 + 12 * wobble(one))),
    p50Ms: orNull(of(8.4, 1.2)),
    p99Ms: orNull(of(110, 40)),
    gatewayP99Ms: orNull(of(1.9, 0.3)),
  };
}

export function sampleRecent({ evil = '', isIdle = false, at = Date.now() }: SampleOptions = {}, count = 40) {
  return Array.from({ length: isIdle ? 0 : count }, (_, index) => recentRow(index, evil, at));
}

const STATUSES = [429, 401, 404, 403];

function recentRow(index: number, evil: string, at: number) {
  const isFailed = index % 5 === 1;
  const code = isFailed ? 'circuit_open' : (CODES[index % CODES.length] as string);
  const status = isFailed ? 503 : STATUSES[index % STATUSES.length];
  const route = `/api/${nameOf(index)}`;
  // Clients choose IDs, and may choose one twice.
  const twin = index === 3 ? 2 : index;
  return {
    time: new Date(at - twin * 1700).toISOString(),
    level: isFailed ? 'error' : 'warn',
    method: index % 3 === 0 ? 'POST' : 'GET',
    path: `${route}/${1000 + index}?page=2${evil}`,
    status,
    clientAddress: '203.0.113.7',
    userAgent: `okhttp/4.12${evil}`,
    requestId: `0198f3a-7c1e-7b43-9a55-2f6d3c1b8e${twin}`,
    route,
    ...(index % 4 !== 1 && { consumer: `mobile-app${evil}` }),
    code,
    source: isFailed ? 'upstream' : 'client',
    detail: `The ${code} was said in words${evil}.`,
    totalMs: 0.84,
    gatewayMs: 0.84,
    steps: [
      { stage: 'match', decisions: [`route ${route}`], refuses: false },
      { stage: 'authenticate', decisions: [`api-key ok consumer=mobile-app${evil}`], refuses: false },
      { stage: 'rateLimit', decisions: [`refused: ${status} ${code}${evil}`], refuses: true },
      { stage: 'cache', decisions: null, refuses: false },
      { stage: 'forward', decisions: null, refuses: false },
    ],
  };
}
