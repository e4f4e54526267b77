import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../../src/context.ts';
import { type FailedAttempt, type NextAttempt, planNext } from '../../../../src/upstream/forward/next-attempt.ts';
import type { ForwardPlan } from '../../../../src/upstream/forward/plan.ts';
import { createRetryPolicy, RetryBudget, retryDelayMs, retrySchema } from '../../../../src/upstream/forward/retry.ts';
import type { ServiceTarget } from '../../../../src/upstream/service.ts';

const policy = createRetryPolicy(retrySchema.parse({}));

test('before a byte was sent any method may be repeated, once', () => {
  for (const outcome of ['refused', 'dns', 'tls', 'connect-timeout'] as const) {
    assert.equal(policy.isWanted('POST', outcome, 0, 1, false), true, outcome);
    assert.equal(policy.isWanted('POST', outcome, 0, 2, false), false, outcome);
  }
});

test('after that only methods that may be repeated, and only what the route names', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
    assert.equal(policy.isWanted(method, 'reset', 0, 1, true), true, method);
  for (const method of ['POST', 'PATCH', 'LINK'])
    assert.equal(policy.isWanted(method, 'reset', 0, 1, true), false, method);
  for (const status of [502, 503, 504]) assert.equal(policy.isWanted('GET', 'status', status, 1, true), true);
  for (const status of [500, 501, 429]) assert.equal(policy.isWanted('GET', 'status', status, 1, true), false);
  assert.equal(policy.isWanted('GET', 'headers-timeout', 0, 1, true), false);
  const patient = createRetryPolicy(retrySchema.parse({ on: ['timeout'] }));
  assert.equal(patient.isWanted('GET', 'headers-timeout', 0, 1, true), true);
  assert.equal(patient.isWanted('GET', 'reset', 0, 1, true), false);
});

test('a refused connection after earlier attempts counts among the attempts', () => {
  const once = createRetryPolicy(retrySchema.parse({ attempts: 3 }));
  assert.equal(once.isWanted('POST', 'refused', 0, 2, false), true);
  assert.equal(once.isWanted('POST', 'refused', 0, 3, false), false);
});

test('the budget is a fifth of the requests, with three to begin with and a bounded reserve', () => {
  const budget = new RetryBudget();
  const takeAll = (): number => {
    let taken = 0;
    for (; budget.hasRoom; taken++) budget.take();
    for (let i = 0; i < taken; i++) budget.release();
    return taken;
  };
  assert.equal(takeAll(), 3);
  for (let i = 0; i < 50; i++) budget.earn(1);
  assert.ok(Math.abs(takeAll() - 10) <= 1);
  for (let i = 0; i < 100_000; i++) budget.earn(1);
  assert.ok(Math.abs(takeAll() - 100) <= 1);
  for (let i = 0; i < 100_000; i++) budget.earn(400);
  assert.ok(Math.abs(takeAll() - 400) <= 1);
});

test('the pause lies between 25 and 250 ms, and grows with the attempts', () => {
  assert.equal(
    retryDelayMs(1, () => 0),
    25,
  );
  assert.equal(
    retryDelayMs(1, () => 1),
    50,
  );
  assert.equal(
    retryDelayMs(2, () => 1),
    100,
  );
  for (let attempts = 1; attempts < 40; attempts++) assert.ok(retryDelayMs(attempts, () => 1) <= 250);
});

const ONE = { url: 'http://one' } as ServiceTarget;
const OTHER = { url: 'http://other' } as ServiceTarget;

/** What follows a GET's first attempt at one of these targets that was answered 503. */
function afterUnavailable(targets: readonly ServiceTarget[], failed: Partial<FailedAttempt>): NextAttempt | undefined {
  const plan = {
    retry: policy,
    service: {
      retries: new RetryBudget(),
      pick: (_context: unknown, tried: ReadonlySet<ServiceTarget>) => targets.find((target) => !tried.has(target)),
    },
  } as unknown as ForwardPlan;
  return planNext({ method: 'GET', attempts: 1 } as RequestContext, plan, {
    outcome: 'status',
    status: 503,
    headers: {},
    error: undefined,
    hadBegunSending: true,
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
