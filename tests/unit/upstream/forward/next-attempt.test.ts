import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../../src/context.ts';
import { type FailedAttempt, type NextAttempt, planNext } from '../../../../src/upstream/forward/next-attempt.ts';
import type { ForwardPlan } from '../../../../src/upstream/forward/plan.ts';
import { createRetryPolicy, retrySchema } from '../../../../src/upstream/forward/retry.ts';
import { RetryBudget } from '../../../../src/upstream/retry-budget.ts';
import type { Target } from '../../../../src/upstream/target.ts';

const policy = createRetryPolicy(retrySchema.parse({}));

const ONE = { url: 'http://one' } as Target;
const OTHER = { url: 'http://other' } as Target;

/** What follows a GET's first attempt at one of these targets that was answered 503. */
function afterUnavailable(targets: readonly Target[], failed: Partial<FailedAttempt>): NextAttempt | undefined {
  const plan = {
    retry: policy,
    service: {
      retries: new RetryBudget(),
      pick: (_context: unknown, tried: ReadonlySet<Target>) => targets.find((target) => !tried.has(target)),
    },
  } as unknown as ForwardPlan;
  return planNext({ method: 'GET', attempts: 1 } as RequestContext, plan, {
    outcome: 'status',
    status: 503,
    headers: {},
    error: undefined,
    hadBegunSending: true,
    wasTry: false,
    target: ONE,
    tried: new Set([ONE]),
    totalDueAtMs: performance.now() + 60_000,
    ...failed,
  });
}

test('Retry-After is waited for, in seconds and as a date on the clock of the service', () => {
  assert.equal(afterUnavailable([ONE], { headers: { 'retry-after': '7' } })?.delayMs, 7_000);
  const headers = { date: 'Sat, 01 Jan 2000 00:00:00 GMT', 'retry-after': 'Sat, 01 Jan 2000 00:00:09 GMT' };
  assert.equal(afterUnavailable([ONE], { headers })?.delayMs, 9_000);
  for (const odd of ['soon', '-5', '1e9', ''])
    assert.ok((afterUnavailable([ONE], { headers: { 'retry-after': odd } })?.delayMs ?? 0) <= 50, odd);
});

test('Retry-After beyond the deadline means no other attempt, except at another target', () => {
  const headers = { 'retry-after': '61' };
  assert.equal(afterUnavailable([ONE], { headers }), undefined);
  assert.equal(afterUnavailable([ONE, OTHER], { headers })?.target, OTHER);
});

test('a connection that was refused is tried at another target or not at all', () => {
  const refused = { outcome: 'refused', status: 0, hadBegunSending: false } as const;
  assert.equal(afterUnavailable([ONE], refused), undefined);
  assert.deepEqual(afterUnavailable([ONE, OTHER], refused), { target: OTHER, delayMs: 0 });
});

test('a try whose time is over is followed by another target at once, any other timeout by nothing', () => {
  const timedOut = { outcome: 'headers-timeout', status: 0 } as const;
  assert.equal(afterUnavailable([ONE, OTHER], timedOut), undefined);
  assert.deepEqual(afterUnavailable([ONE, OTHER], { ...timedOut, wasTry: true }), { target: OTHER, delayMs: 0 });
});
