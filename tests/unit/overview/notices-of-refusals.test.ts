import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { finish } from '../../../src/lib/steps.ts';
import { createMetrics, type Metrics } from '../../../src/metrics.ts';
import type { NoticeFacts } from '../../../src/overview/notice-facts.ts';
import { findNotices } from '../../../src/overview/notices.ts';
import { findRefusedOfLate } from '../../../src/overview/refused-of-late.ts';
import type { ReloadReport, RouteReport } from '../../../src/overview/report.ts';
import { Sampler } from '../../../src/overview/sampler.ts';
import { factsOf, NOON_MS, routeOf } from '../../support/overview.ts';

const STEP_MS = 5000;

/** Requests in one step, by route: of how many, how many are refused. */
type Load = Readonly<Record<string, readonly [requests: number, refused: number]>>;

function add(metrics: Metrics, route: string, code: string, [requests, refused]: readonly [number, number]): void {
  metrics.requestDuration.labels(route).observe(0.01);
  for (let n = 0; n < requests; n += 1) metrics.requests.labels(route, 'GET', n < refused ? '401' : '200', 's').inc();
  for (let n = 0; n < refused; n += 1) metrics.refusals.labels(route, code).inc();
}

/** A gateway that is watched from noon on. */
function createWatch(code = 'invalid_credential') {
  const metrics = createMetrics();
  const sampler = new Sampler(metrics, NOON_MS);
  const names = new Set<string>();
  let nowMs = NOON_MS;
  return {
    steps(count: number, load: Load): void {
      for (let i = 0; i < count; i += 1) {
        for (const [route, numbers] of Object.entries(load)) {
          names.add(route);
          add(metrics, route, code, numbers);
        }
        nowMs += STEP_MS;
        finish(sampler.sample(nowMs));
      }
    },
    told(more: Partial<NoticeFacts> = {}): readonly string[] {
      const routes = [...names].map((name): RouteReport => {
        const refusals = Object.fromEntries(sampler.refusals.of(name));
        const clientErrors = Object.values(refusals).reduce((sum, count) => sum + count, 0);
        return routeOf({ name, refusals, lastMinute: { requests: 600, clientErrors, serverErrors: 0 } });
      });
      const refusedOfLate = finish(findRefusedOfLate(sampler, [...names]));
      const facts = factsOf({ at: nowMs, routes, refusedOfLate, ...more });
      return findNotices(facts).map(({ severity, link, text }) => `${severity} ${link}: ${text}`);
    },
    get nowMs() {
      return nowMs;
    },
  };
}

const reloadOf = (at: number, changes: readonly string[] = ['consumer northwind: keys changed']): ReloadReport => ({
  at,
  by: 'watch',
  result: 'applied',
  changes,
  faults: [],
  left: 0,
  tookMs: 3,
});

test('a gateway that refuses most of its calls since a reload says so, with numbers, codes, and what has changed', () => {
  const watch = createWatch('too_many_failures');
  watch.steps(60, { '/a': [100, 1], '/b': [100, 1] });
  const at = watch.nowMs + 1000;
  watch.steps(6, { '/a': [100, 90], '/b': [100, 80] });
  const later = { ...reloadOf(watch.nowMs - 2000, []), result: 'unchanged' as const };
  const [notice = '', ...rest] = watch.told({ reloads: [later, reloadOf(at)] });
  assert.deepEqual(rest, []);
  assert.match(
    notice,
    /^bad reloads: 85 % of all calls are refused since the reload of 12:05 UTC \(4xx, 1020 of 1200\)/,
  );
  assert.match(notice, /and 1 % before: in the last minute too_many_failures 1032, most on \/a, \/b/);
  assert.match(notice, /12:05 UTC \(watch\) has changed: consumer northwind: keys changed; put the file back/);
});

test('a small part of a gateway is enough after a reload, and nothing without one', () => {
  const watch = createWatch();
  watch.steps(60, { '/a': [100, 0], '/b': [100, 0] });
  const at = watch.nowMs + 1000;
  watch.steps(12, { '/a': [100, 9], '/b': [100, 9] });
  assert.deepEqual(watch.told(), []);
  assert.match(watch.told({ reloads: [reloadOf(at)] }).join('\n'), /^bad reloads: 9 % of all calls/);
});

test('a reload of long before, the start and a refused one are not to blame', () => {
  const watch = createWatch();
  watch.steps(120, { '/a': [100, 0] });
  watch.steps(12, { '/a': [100, 60] });
  const since = watch.nowMs - 60_000;
  const reloads = [
    { ...reloadOf(since), result: 'refused' as const },
    { ...reloadOf(since), by: 'start' },
    reloadOf(since - 400_000),
  ].map((one) => ({ ...one, faults: [] }));
  const [notice = ''] = watch.told({ reloads }).filter((text) => text.includes('calls of'));
  assert.match(notice, /^bad route\/\/a: 60 % of the calls of \/a are refused since 12:10 UTC \(4xx, 720 of 1200\)/);
  assert.match(notice, /invalid_credential 720; see which callers/);
});

describe('one route among others', () => {
  test('is told by its name, by how much more it refuses than before', () => {
    const watch = createWatch();
    watch.steps(60, { '/a': [100, 2], '/b': [1000, 0] });
    watch.steps(12, { '/a': [100, 30], '/b': [1000, 0] });
    assert.match(
      watch.told().join('\n'),
      /^bad route\/\/a: 30 % of the calls of \/a .* and 2 % before: .*keys, tokens/,
    );
  });

  test('that has always refused most can wait', () => {
    const watch = createWatch();
    watch.steps(360, { '/a': [10, 9], '/b': [1000, 0] });
    assert.match(watch.told().join('\n'), /^warn route\/\/a: 90 % of .* for half an hour and longer/);
  });

  test('whose callers are over a limit can wait', () => {
    const watch = createWatch('rate_limited');
    watch.steps(60, { '/a': [100, 0], '/b': [1000, 0] });
    watch.steps(6, { '/a': [100, 90], '/b': [1000, 0] });
    assert.match(watch.told().join('\n'), /^warn route\/\/a: .*rate_limited 540; see which callers/);
  });
});

test('nothing is told of a few refusals, nor of what is over', () => {
  const few = createWatch();
  few.steps(12, { '/a': [1, 1] });
  assert.deepEqual(few.told(), []);
  const over = createWatch();
  over.steps(60, { '/a': [100, 0] });
  over.steps(3, { '/a': [100, 90] });
  over.steps(4, { '/a': [100, 0] });
  assert.deepEqual(over.told(), []);
});

test('a gateway that refuses from its start on is told since when', () => {
  const watch = createWatch();
  watch.steps(6, { '/a': [100, 100] });
  assert.match(watch.told().join('\n'), /^bad route\/\/a: 100 % .* since 12:00 UTC \(4xx, 600 of 600\): in the last/);
});
