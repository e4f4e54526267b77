import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recentCommand } from '../../../src/cli/as-commands.ts';
import type { NoticeFacts } from '../../../src/overview/notice-facts.ts';
import { findNotices } from '../../../src/overview/notices.ts';
import { breakerOf, factsOf, NOON_MS, routeOf, serviceOf, targetOf } from '../../support/overview.ts';

const evidenceOf = (more: Partial<NoticeFacts>) => findNotices(factsOf(more)).map(({ evidence }) => evidence);

const opened = { calls: 9, failures: 7, outcomes: { 'headers-timeout': 6, refused: 1 } };

test('of a circuit, the requests that opened it are shown', () => {
  const open = breakerOf({ state: 'open', opened });
  assert.deepEqual(evidenceOf({ breakers: [open] }), ['requests?service=orders&code=headers_timeout']);
  const refused = breakerOf({ state: 'open', opened: { ...opened, outcomes: { refused: 7 } } });
  assert.deepEqual(evidenceOf({ breakers: [refused] }), ['requests?service=orders&code=upstream_refused']);
  const own = breakerOf({ name: 'route GET /own', state: 'open', opened: { ...opened, outcomes: { status: 7 } } });
  assert.deepEqual(evidenceOf({ breakers: [own] }), ['requests?route=GET%20%2Fown&status=5xx']);
  const held = breakerOf({ state: 'open', isForced: true });
  assert.deepEqual(evidenceOf({ breakers: [held] }), [null]);
});

test('of a route that fails, its most frequent code that is a cause', () => {
  const lastMinute = { requests: 100, clientErrors: 0, serverErrors: 90 };
  const failing = (refusals: Readonly<Record<string, number>>) => routeOf({ lastMinute, refusals });
  assert.deepEqual(evidenceOf({ routes: [failing({ circuit_open: 80, headers_timeout: 3 })] }), [
    'requests?route=%2Forders&code=headers_timeout',
  ]);
  assert.deepEqual(evidenceOf({ routes: [failing({})] }), ['requests?route=%2Forders&status=5xx']);
  const breakers = [breakerOf({ state: 'open', opened })];
  assert.deepEqual(
    evidenceOf({ routes: [failing({ circuit_open: 80 })], breakers })[1],
    'requests?service=orders&code=headers_timeout',
  );
});

test('of a service without a target, and of one that is late', () => {
  const lastFailure = { outcome: 'connect-timeout', cause: '', at: NOON_MS, inARow: 3, since: NOON_MS };
  const targets = [{ ...targetOf('http://a', 'out', 'is left alone'), lastFailure }];
  assert.deepEqual(evidenceOf({ services: [serviceOf({ healthy: 0, targets })] }), [
    'requests?service=orders&code=connect_timeout',
  ]);
  assert.deepEqual(evidenceOf({ services: [serviceOf({ healthy: 0, total: 0 })] }), [
    'requests?service=orders&code=no_target',
  ]);
  const late = serviceOf({ lastMinute: { requests: 100, failed: 50, timedOut: 50 } });
  assert.deepEqual(evidenceOf({ services: [late] }), ['requests?service=orders&code=headers_timeout']);
});

test('no text sends anybody to curl for it, and a shell has its command', () => {
  const lastMinute = { requests: 100, clientErrors: 0, serverErrors: 90 };
  const notices = findNotices(
    factsOf({ breakers: [breakerOf({ state: 'open', opened })], routes: [routeOf({ lastMinute })] }),
  );
  for (const { text } of notices) assert.doesNotMatch(text, /GET \/recent/);
  assert.equal(recentCommand(notices[0]?.evidence ?? ''), 'turnpike recent --service orders --code headers_timeout');
  assert.equal(recentCommand('requests?route=GET%20%2Fa&status=5xx'), "turnpike recent --route 'GET /a' --status 5xx");
});
