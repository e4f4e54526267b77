import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecision } from '../../../src/limits/decision.ts';
import { LimitHeaders } from '../../../src/limits/headers.ts';
import { rateLimitSchema } from '../../../src/limits/schema.ts';
import { compileWindow, type Window } from '../../../src/limits/window.ts';
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
