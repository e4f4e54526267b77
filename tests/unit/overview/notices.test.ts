import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NoticeFacts } from '../../../src/overview/notice-facts.ts';
import { findNotices } from '../../../src/overview/notices.ts';
import type { RedisReport } from '../../../src/overview/report.ts';
import { breakerOf, factsOf, MINUTE_MS, NOON_MS, routeOf, serviceOf, targetOf } from '../../support/overview.ts';

const told = (more: Partial<NoticeFacts>) =>
  findNotices(factsOf(more)).map(({ severity, text }) => `${severity}: ${text}`);

function assertOne(more: Partial<NoticeFacts>, pattern: RegExp): void {
  const notices = told(more);
  assert.equal(notices.length, 1, notices.join('\n'));
  assert.match(notices[0] ?? '', pattern);
}

test('of a gateway that is well nothing is told', () => {
  assert.deepEqual(told({ routes: [routeOf()], services: [serviceOf()], breakers: [breakerOf()] }), []);
});

test('the most severe comes first', () => {
  const notices = told({
    status: 'draining',
    services: [serviceOf({ healthy: 1, total: 2 })],
    breakers: [breakerOf({ state: 'open', retryAfterSeconds: 3 })],
  });
  assert.deepEqual(
    notices.map((text) => text.split(':')[0]),
    ['bad', 'warn', 'info'],
  );
});

describe('circuits', () => {
  test('an open one is told with its time, its reason, its next trial, and where to look', () => {
    const opened = { calls: 8, failures: 6, outcomes: { 'headers-timeout': 5, refused: 1 } };
    assertOne(
      { breakers: [breakerOf({ state: 'open', retryAfterSeconds: 3, opened })] },
      /^bad: the circuit of orders is open since 11:55 UTC, after 6 of 8 calls had failed \(headers-timeout 5, refused 1\): .* in 3 s$/,
    );
  });

  test('the time of another day has its date', () => {
    assertOne({ breakers: [breakerOf({ state: 'open', since: NOON_MS - 86_400_000 })] }, /since 2025-12-31 12:00 UTC/);
  });

  test('since is when it opened first, however many trials have failed', () => {
    const openSince = NOON_MS - 30 * MINUTE_MS;
    assertOne({ breakers: [breakerOf({ state: 'open', openSince })] }, /is open since 11:30 UTC/);
    assertOne({ breakers: [breakerOf({ state: 'half-open', openSince })] }, /half-open, and was opened at 11:30 UTC/);
  });

  test('one that is held open is told with what gives it back', () => {
    assertOne(
      { breakers: [breakerOf({ name: 'a b', state: 'open', isForced: true })] },
      /^warn: .*held open by an operator since 11:55 UTC.*POST \/breakers\/a%20b\?state=auto/,
    );
  });

  test('one that opens and closes by turns is told, though it be closed at the moment', () => {
    assertOne(
      { breakers: [breakerOf({ closedAgain: 4 })] },
      /^warn: the circuit of orders is flapping: .* 4 times in the last 10 minutes/,
    );
    assert.deepEqual(told({ breakers: [breakerOf({ closedAgain: 2 })] }), []);
  });

  test('one of a service leads to the service, one of a route to the route', () => {
    const breakers = ['orders', 'route /own', 'gone'].map((name) => breakerOf({ name, state: 'half-open' }));
    const links = findNotices(factsOf({ breakers, services: [serviceOf()] })).map(({ link }) => link);
    assert.deepEqual(links, ['service/orders', 'route//own', 'breaker/gone']);
  });
});

describe('services', () => {
  test('one without any target', () => {
    assertOne({ services: [serviceOf({ healthy: 0, total: 0, discovery: 'empty' })] }, /^bad: orders has no target/);
  });

  test('one of which all targets are out, with the first of them', () => {
    const targets = ['http://a', 'http://b'].map((url) => targetOf(url, 'out', 'fails its health checks'));
    assertOne(
      { services: [serviceOf({ healthy: 0, total: 2, targets })] },
      /^bad: all 2 targets of orders are out: http:\/\/a fails its health checks, and 1 more; see/,
    );
    assertOne(
      { services: [serviceOf({ healthy: 0, total: 1, targets: targets.slice(1) })] },
      /^bad: the only target of orders is out: http:\/\/b fails its health checks; see/,
    );
  });

  test('one with a target that is out, by its address and reason', () => {
    const targets = [targetOf('http://b', 'in', ''), targetOf('http://10.0.0.1:80', 'out', 'fails its health checks')];
    assertOne(
      { services: [serviceOf({ healthy: 1, total: 2, targets })] },
      /^warn: 1 of 2 targets of orders is out: http:\/\/10\.0\.0\.1:80 fails its health checks/,
    );
  });

  test('one with a target on trial is not well, and says how it fails', () => {
    const failure = {
      outcome: 'refused',
      cause: 'connect ECONNREFUSED',
      at: NOON_MS,
      inARow: 12,
      since: NOON_MS - 3000,
    };
    const targets = [{ ...targetOf('http://a', 'trial', 'was left alone'), lastFailure: failure }];
    assertOne(
      { services: [serviceOf({ healthy: 1, total: 2, targets })] },
      /^warn: 1 of 2 targets of orders is out or on trial: http:\/\/a was left alone \(refused: connect ECONNREFUSED; 12 in a row, the first at 11:59:57 UTC\)/,
    );
  });

  test('one far slower than it mostly is', () => {
    assertOne(
      { services: [serviceOf({ p99Ms: 900, usualP99Ms: 40 })] },
      /^warn: orders is slow: its p99 is 900 ms, and mostly 40 ms/,
    );
  });

  test('slow or not, what nobody can compare is not told', () => {
    assert.deepEqual(told({ services: [serviceOf({ p99Ms: 900, usualP99Ms: null })] }), []);
    assert.deepEqual(told({ services: [serviceOf({ p99Ms: 900, usualP99Ms: 800 })] }), []);
    assert.deepEqual(told({ services: [serviceOf({ p99Ms: 90, usualP99Ms: 2 })] }), []);
    const few = { requests: 3, failed: 0, timedOut: 0 };
    assert.deepEqual(told({ services: [serviceOf({ p99Ms: 900, usualP99Ms: 2, lastMinute: few })] }), []);
  });

  test('one that runs into its timeouts, worse where it is many calls', () => {
    const minute = (timedOut: number) => ({ requests: 600, failed: timedOut, timedOut });
    assertOne({ services: [serviceOf({ lastMinute: minute(6) })] }, /^warn: orders runs into its timeouts: 6 of 600/);
    assertOne({ services: [serviceOf({ lastMinute: minute(60) })] }, /^bad: /);
  });

  test('one whose targets are not looked up any more', () => {
    assertOne({ services: [serviceOf({ discovery: 'stale' })] }, /^warn: the targets of orders are not looked up/);
  });
});

describe('routes', () => {
  const minute = (requests: number, serverErrors: number) => ({ requests, clientErrors: 0, serverErrors });

  test('one of which more than 5 % fail', () => {
    assertOne(
      { routes: [routeOf({ lastMinute: minute(100, 6) })] },
      /^bad: 6 % of the requests of \/orders \(service orders\) fail: 6 of 100 .*/,
    );
    assert.deepEqual(told({ routes: [routeOf({ lastMinute: minute(100, 5) })] }), []);
    assert.deepEqual(told({ routes: [routeOf({ lastMinute: minute(2, 2) })] }), []);
  });

  test('what the gateway itself has answered is told by its codes, the most frequent first', () => {
    const refusals = { forbidden: 9, circuit_open: 3, upstream_refused: 5, maintenance: 1 };
    assertOne(
      { routes: [routeOf({ lastMinute: minute(100, 20), refusals })] },
      /were answered 5xx \(upstream_refused 5, circuit_open 3\); see why/,
    );
  });

  test('maintenance and injected faults wake nobody', () => {
    const refusals = { maintenance: 50, injected_fault: 50 };
    assert.deepEqual(told({ routes: [routeOf({ lastMinute: minute(100, 100), refusals })] }), []);
  });

  test('a thousand that fail are five, and a number', () => {
    const routes = Array.from({ length: 1000 }, (_, i) => routeOf({ name: `/r${i}`, lastMinute: minute(10, 10) }));
    const notices = told({ routes });
    assert.equal(notices.length, 6);
    assert.match(notices[5] ?? '', /^bad: 995 more routes/);
  });
});

const redisOf = (more: Pick<RedisReport, 'since' | 'lastTenMinutes'>): RedisReport => ({
  address: 'redis://10.0.0.1:6379',
  changes: [{ at: NOON_MS - MINUTE_MS, to: 'down', reason: 'read ECONNRESET' }],
  ...more,
});

describe('the gateway', () => {
  const fault = { place: 'routes.json:12:5 /routes/3', message: 'unknown key "prefx"', hint: 'did you mean "prefix"?' };
  const reload = { at: NOON_MS, by: 'watch', changes: [], left: 0, tookMs: 3 };

  test('a refused reload is told with place, words and hint', () => {
    assertOne(
      { reloads: [{ ...reload, result: 'refused', faults: [fault, fault], left: 3 }] },
      /^warn: .* refused at 12:00 UTC.*routes\.json:12:5 \/routes\/3 unknown key "prefx" \(did you mean "prefix"\?\), and 4 more: nobody is hit now.*a restart would.*mend the file/,
    );
  });

  test('once the file is mended it is told no more', () => {
    const refused = { ...reload, result: 'refused' as const, faults: [fault] };
    for (const result of ['applied', 'unchanged'] as const)
      assert.deepEqual(told({ reloads: [{ ...reload, result, faults: [] }, refused] }), []);
  });

  test('Redis that is down, and since when', () => {
    const redisChanges = redisOf({ since: NOON_MS - MINUTE_MS, lastTenMinutes: 1 });
    assertOne(
      { redis: 'down', redisChanges },
      /^bad: Redis \(redis:\/\/10\.0\.0\.1:6379\) is down since 11:59 UTC \(read ECONNRESET\)/,
    );
    assert.deepEqual(told({ redis: 'up', redisChanges }), []);
  });

  test('Redis that flaps is told as such, though it be up at the moment', () => {
    const redisChanges = redisOf({ since: NOON_MS, lastTenMinutes: 6 });
    assertOne(
      { redis: 'up', redisChanges },
      /^bad: Redis \(redis:.*\) is flapping: .* 6 times in the last 10 minutes, last lost at 11:59 UTC \(read ECONNRESET\), and is up at the moment; calls still pass/,
    );
  });

  test('a key that has expired and is called with again and again', () => {
    const key = { consumer: 'shop', keyId: 'k1', sinceMs: NOON_MS - 86_400_000, firstAtMs: NOON_MS, lastAtMs: NOON_MS };
    assertOne(
      { expiredKeys: [{ ...key, times: 40 }] },
      /^bad: consumer shop .* expired: "k1" since 2025-12-31 12:00 UTC.* 40 times.*\(turnpike key rotate --file \/etc\/turnpike\/routes\.json --consumer shop --id k1 --expires 90d\)$/,
    );
    assert.deepEqual(told({ expiredKeys: [{ ...key, times: 2 }] }), []);
  });

  test('requests that nobody answered, for as long as the process lives', () => {
    assertOne({ unanswered: { total: 2, lastAtMs: NOON_MS } }, /^bad: 2 requests were answered by nobody/);
    assertOne({ unanswered: { total: 1, lastAtMs: NOON_MS - 60 * MINUTE_MS } }, /^warn: 1 request was answered/);
  });

  test('lines of the log that were lost, for ten minutes', () => {
    assertOne({ linesLost: { total: 9, lastAtMs: NOON_MS } }, /^warn: 9 lines of the access log were lost/);
    assert.deepEqual(told({ linesLost: { total: 9, lastAtMs: NOON_MS - 11 * MINUTE_MS } }), []);
  });

  test('an event loop that stands still', () => {
    assertOne({ eventLoop: { meanMs: 10, p99Ms: 400, maxMs: 800 } }, /^warn: the process is late: .* 800 ms/);
  });
});
