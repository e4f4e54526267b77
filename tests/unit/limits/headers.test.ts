import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecision } from '../../../src/limits/decision.ts';
import { LimitHeaders } from '../../../src/limits/headers.ts';
import { rateLimitSchema } from '../../../src/limits/schema.ts';
import { compileQuota, compileWindow, type Window } from '../../../src/limits/window.ts';
import { createContext } from '../../support/limits.ts';

const compile = (options: object, plan = 'free') =>
  compileWindow(rateLimitSchema.parse({ limit: 100, window: '1h', ...options }), { kind: 'plan', name: plan }, 'users');

/** The fields that a call is told, by name. */
function told(
  windows: readonly Window[],
  window: Window,
  remaining: number,
  resetMs: number,
  nowMs = 1_800_000_000_000,
) {
  const context = createContext();
  new LimitHeaders(windows).add(context, createDecision(true, window, remaining, resetMs), nowMs);
  const flat = context.extraHeaders ?? [];
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), flat[at + 1]]] : [])));
}

test('every window is named, and what is left of the one that decided', () => {
  const [hour, second] = [compile({}), compile({ limit: 5, window: '1s' })];
  assert.deepEqual(told([hour, second], hour, 99, 1_500), {
    'ratelimit-policy': '"free-1h";q=100;w=3600, "free-1s";q=5;w=1',
    ratelimit: '"free-1h";r=99;t=2',
    'x-ratelimit-limit': '100',
    'x-ratelimit-remaining': '99',
    'x-ratelimit-reset': '1800000002',
  });
});

test('a window below a second is told as one: the field knows whole seconds', () => {
  const window = compile({ window: '100ms' });
  assert.match(told([window], window, 1, 30)['ratelimit-policy'] ?? '', /;w=1$/);
});

test('a monthly quota is told with the length of the month that is, in UTC', () => {
  const windows = [compile({}), compileQuota({ limit: 1000, period: 'month' }, 'free')];
  const headers = new LimitHeaders(windows);
  const policyAt = (time: string) => {
    const context = createContext();
    const [hour] = windows as [Window];
    headers.add(context, createDecision(true, hour, 1, 0), Date.parse(time));
    return context.extraHeaders?.[1];
  };
  const DAY = 86_400;
  for (const [time, days] of [
    ['2026-01-31T23:59:59.999Z', 31],
    ['2026-02-01T00:00:00.000Z', 28],
    ['2026-01-31T23:59:59.000Z', 31],
    ['2028-02-29T12:00:00.000Z', 29],
    ['2028-04-01T00:00:00.000Z', 30],
  ] as const) {
    const expected = `"free-1h";q=100;w=3600, "free-month";q=1000;w=${days * DAY}`;
    assert.equal(policyAt(time), expected, time);
  }
  const day = compileQuota({ limit: 1000, period: 'day' }, 'free');
  assert.match(told([day], day, 1, 0)['ratelimit-policy'] ?? '', /;w=86400$/);
});

test('no more is left of a bucket than its quota says', () => {
  const window = compile({ algorithm: 'token-bucket', limit: 5, burst: 20 });
  const fields = told([window], window, 21, 0);
  assert.match(fields['ratelimit-policy'] ?? '', /;q=21;/);
  assert.equal(fields['x-ratelimit-limit'], '21');
});

test('a name stays one string of the field, whatever it holds', () => {
  const window = compile({}, 'a"b\\cé\r\nX: y');
  assert.equal(told([window], window, 1, 0)['ratelimit'], '"a\\"b\\\\c???X: y-1h";r=1;t=1');
});
