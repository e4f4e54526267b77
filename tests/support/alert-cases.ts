/** An alert that fires: its labels but for the severity, `$value` as its summary has it, and what its text lists. */
export interface ExpectedAlert {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: string;
  /** By the label that is listed. Default: the instance `a`, the route `users`. */
  readonly listed?: Readonly<Record<string, string>>;
}

/** What Prometheus has scraped, every 15 s, and which alerts fire when: those that are not named do not. */
export interface AlertCase {
  readonly name: string;
  readonly series: Readonly<Record<string, string>>;
  readonly at: Readonly<Record<string, readonly ExpectedAlert[]>>;
  /** Default 15s. */
  readonly interval?: string;
}

const A = { instance: 'a' };
const USERS = { route: 'users' };
const IN_FLIGHT = { 'turnpike_requests_in_flight{instance="a"}': '1x240' };

/** Requests of `users` that end well, so many each 15 s. */
const well = (each: number, for_ = 80): Record<string, string> => ({
  'turnpike_requests_total{instance="a", route="users", status="200", source="service"}': `0+${each}x${for_}`,
});

const refused = (code: string, status: number, values: string): Record<string, string> => ({
  [`turnpike_requests_total{instance="a", route="users", status="${status}", source="gateway"}`]: values,
  [`turnpike_refusals_total{instance="a", route="users", code="${code}"}`]: values,
});

/** Nobody is woken up by what the file asks for, or a client brings about. */
const ON_PURPOSE: readonly AlertCase[] = (
  [
    ['a route is closed for maintenance', 'maintenance', 503],
    ['a route fails on purpose', 'injected_fault', 503],
    ['clients leave out what a part of an aggregate needs', 'part_failed', 502],
    ['the gateway stops', 'draining', 503],
  ] as const
).map(([name, code, status]) => ({ name, series: { ...refused(code, status, '0+4x80') }, at: { '18m': [] } }));

export const ALERT_CASES: readonly AlertCase[] = [
  {
    name: 'at rest, Redis asked for and there',
    series: {
      ...well(9, 240),
      ...IN_FLIGHT,
      'up{job="turnpike", instance="a"}': '1x240',
      'up{job="other", instance="b"}': '0x240',
      'turnpike_requests_total{instance="a", route="users", status="500", source="service"}': '0+9x240',
      'turnpike_limiter_store_up{instance="a"}': '1x240',
      'turnpike_redis_transitions_total{instance="a", to="down"}': '0x240',
      'turnpike_redis_transitions_total{instance="a", to="up"}': '1x240',
      'turnpike_breaker_state{instance="a", breaker="users"}': '0x240',
      'turnpike_reloads_total{instance="a", result="refused"}': '0x240',
      'turnpike_reloads_total{instance="a", result="applied"}': '0+1x240',
      'turnpike_config_last_reload_successful{instance="a"}': '1x240',
      'turnpike_target_healthy{instance="a", service="users", state="in"}': '2x240',
      'turnpike_target_healthy{instance="a", service="users", state="out"}': '0x240',
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="ok"}': '0+9x240',
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="status"}': '0+9x240',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="1.0"}': '0+18x240',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="+Inf"}': '0+18x240',
      'turnpike_credential_refusals_total{instance="a", route="users", reason="expired_key"}': '0x240',
      'turnpike_credential_refusals_total{instance="a", route="users", reason="unknown"}': '0+1x240',
      'turnpike_access_log_dropped_total{instance="a"}': '0x240',
      'turnpike_watchdog_ended_total{instance="a"}': '0x240',
      'nodejs_eventloop_lag_p99_seconds{instance="a"}': '0.012x240',
      'nodejs_eventloop_lag_p99_seconds{instance="another-service"}': '9x240',
      'process_start_time_seconds{instance="a"}': '1x240',
      'process_open_fds{instance="a"}': '100x240',
      'process_max_fds{instance="a"}': '1024x240',
    },
    at: { '50m': [] },
  },

  // Services
  {
    name: 'the only target of a service dies, and comes back',
    series: {
      'turnpike_target_healthy{instance="a", service="users", state="in"}': '1x8 0x20 1x40',
      'turnpike_target_healthy{instance="a", service="users", state="out"}': '0x8 1x20 0x40',
    },
    at: {
      '2m': [],
      '4m': [{ name: 'TurnpikeServiceDown', labels: { service: 'users' } }],
      '9m': [],
    },
  },
  {
    name: 'one gateway of two sees no target',
    series: {
      'turnpike_target_healthy{instance="a", service="users", state="in"}': '0x40',
      'turnpike_target_healthy{instance="b", service="users", state="in"}': '2x40',
    },
    at: { '8m': [] },
  },
  {
    name: 'one target of two is out',
    series: {
      'turnpike_target_healthy{instance="a", service="users", state="in"}': '1x80',
      'turnpike_target_healthy{instance="a", service="users", state="out"}': '1x80',
    },
    at: { '9m': [], '11m': [{ name: 'TurnpikeTargetOut', labels: { service: 'users' }, value: '1' }] },
  },
  {
    name: 'a dead target is on its trial every minute, at the second gateway of two',
    series: {
      'turnpike_target_healthy{instance="a", service="users", state="in"}': '2x80',
      'turnpike_target_healthy{instance="a", service="users", state="out"}': '0x80',
      'turnpike_target_healthy{instance="b", service="users", state="in"}': '1x80',
      'turnpike_target_healthy{instance="b", service="users", state="out"}':
        '1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0',
    },
    at: {
      '12m': [{ name: 'TurnpikeTargetOut', labels: { service: 'users' }, value: '1', listed: { instance: 'b' } }],
    },
  },
  {
    name: 'a circuit opens',
    series: { 'turnpike_breaker_state{instance="a", breaker="users"}': '0x4 2x20 0x20' },
    at: { '3m': [], '4m': [{ name: 'TurnpikeCircuitOpen', labels: { breaker: 'users' } }], '8m': [] },
  },
  {
    name: 'a circuit opens for ten seconds, once',
    series: { 'turnpike_breaker_state{instance="a", breaker="users"}': '0x4 2 0x40' },
    at: { '2m': [], '3m': [], '4m': [] },
  },
  {
    name: 'a circuit is open at one gateway of three, but for its trials',
    series: {
      'turnpike_breaker_state{instance="a", breaker="users"}': '0x60',
      'turnpike_breaker_state{instance="b", breaker="users"}': '0x4 2 2 1 2 2 2 1 2 2 2 2 1 2 2 2 2 2 2 1 2x20',
      'turnpike_breaker_state{instance="c", breaker="users"}': '0x60',
    },
    at: { '4m': [{ name: 'TurnpikeCircuitOpen', labels: { breaker: 'users' }, listed: { instance: 'b' } }] },
  },
  {
    name: 'a tenth of the calls of one route of two get no answer',
    series: {
      ...well(9),
      ...refused('headers_timeout', 504, '0+1x80'),
      'turnpike_requests_total{instance="a", route="orders", status="200", source="service"}': '0+9x80',
    },
    at: { '4m': [], '12m': [{ name: 'TurnpikeServicesUnreachable', labels: USERS }] },
  },
  {
    name: 'a service hangs, for two gateways of three',
    series: {
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="ok"}': '0+19x80',
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="headers-timeout"}': '0+1x80',
      'turnpike_upstream_attempts_total{instance="b", service="users", outcome="headers-timeout"}': '0+2x80',
      'turnpike_upstream_attempts_total{instance="c", service="users", outcome="ok"}': '0+19x80',
      'turnpike_upstream_attempts_total{instance="c", service="users", outcome="headers-timeout"}': '0x80',
    },
    at: {
      '4m': [],
      '12m': [{ name: 'TurnpikeServiceTimesOut', labels: { service: 'users' }, listed: { instance: 'b, a' } }],
    },
  },
  {
    name: 'a target is gone, and retries hide it',
    series: {
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="ok"}': '0+10x80',
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="refused"}': '0+1x80',
      ...well(10),
    },
    at: { '4m': [], '12m': [{ name: 'TurnpikeAttemptsFail', labels: { service: 'users' } }] },
  },
  {
    name: 'a service that answers within 0.1 s takes two seconds, after hours',
    interval: '1m',
    series: {
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="ok"}': '0+60x400',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="0.1"}': '0+60x360 21600x40',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="1.0"}': '0+60x360 21600x40',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="2.0"}': '0+60x400',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="+Inf"}': '0+60x400',
    },
    at: {
      '5h50m': [],
      '6h25m': [{ name: 'TurnpikeServiceSlow', labels: { service: 'users' }, value: '2s' }],
    },
  },
  {
    name: 'a service that has always taken two seconds',
    interval: '1m',
    series: {
      'turnpike_upstream_attempts_total{instance="a", service="users", outcome="ok"}': '0+60x400',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="1.0"}': '0x400',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="2.0"}': '0+60x400',
      'turnpike_upstream_duration_seconds_bucket{instance="a", service="users", le="+Inf"}': '0+60x400',
    },
    at: { '6h25m': [] },
  },

  // Who calls
  {
    name: 'the key of a big customer expires',
    series: {
      'turnpike_requests_total{instance="a", route="users", status="200", source="service"}': '0+10x280 2800+5x60',
      'turnpike_requests_total{instance="a", route="users", status="401", source="gateway"}': '0x280 0+5x60',
      'turnpike_refusals_total{instance="a", route="users", code="invalid_credential"}': '0x280 0+5x60',
      'turnpike_credential_refusals_total{instance="a", route="users", reason="expired_key"}': '0x280 0+5x60',
    },
    at: {
      '69m': [],
      '82m': [{ name: 'TurnpikeCallersRefused', value: '50%' }, { name: 'TurnpikeKeyExpired' }],
    },
  },
  {
    name: 'the key of a customer expires that calls three routes through two gateways: one alert each, and a round number',
    series: Object.fromEntries(
      [
        ['users', 'a', 5],
        ['orders', 'b', 4],
        ['search', 'b', 3],
      ].flatMap(([route, instance, each]) => {
        const of = `instance="${instance}", route="${route}"`;
        return [
          [`turnpike_requests_total{${of}, status="200", source="service"}`, '0+13x340'],
          [`turnpike_requests_total{${of}, status="401", source="gateway"}`, `0x280 0+${each}x60`],
          [`turnpike_refusals_total{${of}, code="invalid_credential"}`, `0x280 0+${each}x60`],
          [`turnpike_credential_refusals_total{${of}, reason="expired_key"}`, `0x280 0+${each}x60`],
        ];
      }),
    ),
    at: {
      '69m': [],
      '82m': [
        {
          name: 'TurnpikeCallersRefused',
          value: '28%',
          listed: { route: 'users, orders', instance: 'b, a' },
        },
        { name: 'TurnpikeKeyExpired', listed: { route: 'users, orders, search', instance: 'b, a' } },
      ],
    },
  },
  {
    name: 'a small customer calls once with a key that has expired',
    series: {
      ...well(100),
      'turnpike_requests_total{instance="a", route="users", status="401", source="gateway"}': '0x20 1x60',
      'turnpike_refusals_total{instance="a", route="users", code="invalid_credential"}': '1x60',
      'turnpike_credential_refusals_total{instance="a", route="users", reason="expired_key"}': '0x20 1x60',
    },
    at: { '5m': [], '6m': [{ name: 'TurnpikeKeyExpired' }] },
  },
  {
    name: 'somebody guesses keys, day and night',
    series: { ...well(10, 400), ...refused('invalid_credential', 401, '0+5x400') },
    at: { '95m': [] },
  },
  {
    name: 'a client in a loop is over its limit',
    series: { ...well(1), ...refused('rate_limited', 429, '0+1x80') },
    at: { '14m': [], '19m': [{ name: 'TurnpikeCallersLimited', labels: USERS, value: '50%' }] },
  },
  {
    name: 'an auth service is gone',
    series: { ...refused('auth_unavailable', 503, '0+4x80') },
    at: { '4m': [], '12m': [{ name: 'TurnpikeCannotDecide', labels: USERS }] },
  },

  // The file
  {
    name: 'a file with a fault, until it is mended',
    series: {
      'turnpike_config_last_reload_successful{instance="a"}': '1x8 0x80 1x8',
      'turnpike_reloads_total{instance="a", result="refused"}': '0x8 1x88',
    },
    at: {
      '1m': [],
      '3m': [{ name: 'TurnpikeReloadRefused', labels: A }],
      '20m': [{ name: 'TurnpikeReloadRefused', labels: A }],
      '24m': [],
    },
  },
  {
    name: 'a reload takes a route away that is called',
    series: {
      'turnpike_requests_total{job="t", instance="a", route="users", status="200", source="service"}':
        '0+10x120 1200x80',
      'turnpike_requests_total{job="t", instance="a", route="(none)", status="404", source="gateway"}': '0x120 0+10x80',
      'turnpike_refusals_total{job="t", instance="a", route="(none)", code="not_found"}': '0x120 0+10x80',
      'turnpike_reloads_total{job="t", instance="a", result="applied"}': '0x119 1x80',
    },
    at: {
      '29m': [],
      '37m': [{ name: 'TurnpikeWorseAfterReload', labels: { ...A, job: 't' }, value: '100%' }],
      '49m30s': [{ name: 'TurnpikeWorseAfterReload', labels: { ...A, job: 't' }, value: '100%' }],
    },
  },
  {
    name: 'a reload where a tenth was always refused',
    series: {
      'turnpike_requests_total{job="t", instance="a", route="users", status="200", source="service"}': '0+9x200',
      'turnpike_requests_total{job="t", instance="a", route="(none)", status="404", source="gateway"}': '0+1x200',
      'turnpike_refusals_total{job="t", instance="a", route="(none)", code="not_found"}': '0+1x200',
      'turnpike_reloads_total{job="t", instance="a", result="applied"}': '0x119 1x80',
    },
    at: { '37m': [] },
  },
  {
    name: 'the token of one client lacks a claim that an expression reads',
    series: { ...well(30), ...refused('expression_failed', 500, '0+1x80') },
    at: { '18m': [] },
  },
  {
    name: 'an expression has no value for a tenth of the calls',
    series: { ...well(9), ...refused('expression_failed', 500, '0+1x80') },
    at: { '9m': [], '18m': [{ name: 'TurnpikeRuleFails', labels: USERS }] },
  },
  {
    name: 'an own stage throws, and a tenth of the calls ends by it',
    series: {
      ...well(9),
      ...refused('stage_failed', 500, '0+1x80'),
      'turnpike_own_stage_failures_total{instance="a", stage="sign", reason="threw"}': '0+1x80',
    },
    at: {
      '18m': [
        { name: 'TurnpikeRuleFails', labels: USERS },
        { name: 'TurnpikeOwnStageFails', labels: { stage: 'sign' } },
      ],
    },
  },
  {
    name: 'an own stage throws, and requests go on',
    series: { 'turnpike_own_stage_failures_total{instance="a", stage="sign", reason="threw"}': '0+1x80' },
    at: { '9m': [], '15m': [{ name: 'TurnpikeOwnStageFails', labels: { stage: 'sign' } }] },
  },
  ...ON_PURPOSE,

  // Redis
  {
    name: 'Redis goes away and comes back',
    series: {
      'turnpike_limiter_store_up{instance="a"}': '1x20 0x40 1x40',
      'turnpike_redis_transitions_total{instance="a", to="down"}': '0x20 1x80',
    },
    at: { '9m': [], '11m': [{ name: 'TurnpikeLimitsLocal', labels: A }], '16m': [] },
  },
  {
    name: 'Redis is lost twice in a quarter of an hour',
    series: {
      'turnpike_limiter_store_up{instance="a"}': '1x100',
      'turnpike_redis_transitions_total{instance="a", to="down"}': '0x20 1x8 2x70',
    },
    at: { '10m': [], '15m': [], '18m': [] },
  },
  {
    name: 'Redis flaps',
    series: {
      'turnpike_limiter_store_up{instance="a"}': '1x100',
      'turnpike_redis_transitions_total{instance="a", to="down"}': '0x20 1x8 2x8 3x60 3x100',
    },
    at: {
      '8m': [],
      '15m': [{ name: 'TurnpikeRedisFlaps', labels: { ...A, to: 'down' }, value: '3' }],
      '40m': [],
    },
  },

  // The gateway itself
  {
    name: 'a gateway does not answer',
    series: { 'up{job="monitoring/turnpike", instance="a"}': '1x8 0x20 1x20' },
    at: {
      '3m': [],
      '5m': [{ name: 'TurnpikeDown', labels: { ...A, job: 'monitoring/turnpike' } }],
      '9m': [],
    },
  },
  {
    name: 'a gateway is restarted once for a release, and another again and again',
    series: {
      'turnpike_requests_in_flight{instance="a"}': '1x100',
      'turnpike_requests_in_flight{instance="b"}': '1x100',
      'process_start_time_seconds{instance="a"}': '1x20 2x80',
      'process_start_time_seconds{instance="b"}': '1x20 2x8 3x8 4x60',
      'process_start_time_seconds{instance="another-service"}': '1x20 2x8 3x8 4x60',
    },
    at: { '6m': [], '15m': [{ name: 'TurnpikeRestarts', labels: { instance: 'b' }, value: '3' }] },
  },
  {
    name: 'the gateway itself fails',
    series: { 'turnpike_refusals_total{instance="a", route="users", code="internal"}': '0+1x80' },
    at: { '4m': [], '8m': [{ name: 'TurnpikeInternalErrors' }] },
  },
  {
    name: 'the event loop lags, and then stands still',
    series: { ...IN_FLIGHT, 'nodejs_eventloop_lag_p99_seconds{instance="a"}': '0.2x80 2x80' },
    at: {
      '14m': [],
      '17m': [{ name: 'TurnpikeLoopLags', labels: A, value: '200ms' }],
      '27m': [
        { name: 'TurnpikeLoopLags', labels: A, value: '2s' },
        { name: 'TurnpikeLoopBlocked', labels: A, value: '2s' },
      ],
    },
  },
  {
    name: 'descriptors run out',
    series: { ...IN_FLIGHT, 'process_open_fds{instance="a"}': '900x80', 'process_max_fds{instance="a"}': '1000x80' },
    at: { '4m': [], '8m': [{ name: 'TurnpikeDescriptorsRunOut', labels: A, value: '90%' }] },
  },
  {
    name: 'log lines and a request are lost',
    series: {
      'turnpike_access_log_dropped_total{instance="a"}': '0x8 7x80',
      'turnpike_watchdog_ended_total{instance="a"}': '0x8 1x80',
    },
    at: {
      '1m': [],
      '3m': [
        { name: 'TurnpikeLogLost', labels: A },
        { name: 'TurnpikeRequestLost', labels: A },
      ],
      '15m': [],
    },
  },
];

/** The same for deploy/prometheus/slo.yml. */
export const SLO_CASES: readonly AlertCase[] = [
  {
    name: 'a budget that lasts: one call in two thousand fails',
    interval: '1m',
    series: { ...well(1999, 400), ...refused('headers_timeout', 504, '0+1x400') },
    at: { '6h': [] },
  },
  {
    name: 'two calls in a hundred fail',
    interval: '1m',
    series: { ...well(98, 400), ...refused('headers_timeout', 504, '0+2x400') },
    at: {
      '6h': [
        { name: 'TurnpikeBudgetBurnsFast', labels: USERS, value: '2%' },
        { name: 'TurnpikeBudgetBurns', labels: USERS, value: '2%' },
      ],
    },
  },
  {
    name: 'two calls in a thousand fail, for days',
    interval: '10m',
    series: { ...well(998, 500), ...refused('headers_timeout', 504, '0+2x500') },
    at: { '80h': [{ name: 'TurnpikeBudgetBurns', labels: USERS, value: '0.2%' }] },
  },
  {
    name: 'an hour of maintenance',
    interval: '1m',
    series: { ...refused('maintenance', 503, '0+50x400') },
    at: { '6h': [] },
  },
  {
    name: 'a fifth of the calls is slow',
    interval: '1m',
    series: {
      'turnpike_request_duration_seconds_bucket{instance="a", route="users", le="0.5"}': '0+100x60 6000+80x340',
      'turnpike_request_duration_seconds_count{instance="a", route="users"}': '0+100x400',
    },
    at: { '64m': [], '2h30m': [{ name: 'TurnpikeTooSlow', labels: USERS, value: '20%' }] },
  },
  {
    name: 'one call in a hundred is slow',
    interval: '1m',
    series: {
      'turnpike_request_duration_seconds_bucket{instance="a", route="users", le="0.5"}': '0+99x400',
      'turnpike_request_duration_seconds_count{instance="a", route="users"}': '0+100x400',
    },
    at: { '6h': [] },
  },
];
