import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSchema, rateLimitSchema } from '../../../src/limits/schema.ts';
import {
  compilePlan,
  compileWindow,
  largestCost,
  mergeWindows,
  type Owner,
  renderDuration,
} from '../../../src/limits/window.ts';

const ROUTE: Owner = { kind: 'route', name: 'users' };
const GATEWAY: Owner = { kind: 'gateway', name: 'gateway' };
const compile = (options: object, owner: Owner = ROUTE, route = 'users') =>
  compileWindow(rateLimitSchema.parse({ limit: 10, window: '1m', ...options }), owner, route);
const idOf = (...args: Parameters<typeof compile>) => compile(...args).id;

test('a policy is called by whose it is and its window, in the largest unit that divides it', () => {
  assert.equal(compile({ window: '60m' }).name, 'users-1h');
  assert.equal(compile({ name: 'login' }).name, 'login');
  assert.deepEqual([90_000, 86_400_000, 1_500].map(renderDuration), ['90s', '1d', '1500ms']);
});

test('another limit is no other counter: whoever was refused is not free after a reload', () => {
  assert.equal(idOf({ limit: 10 }), idOf({ limit: 500 }));
  for (const other of [
    { window: '2m' },
    { by: 'address' },
    { algorithm: 'fixed' },
    { name: 'login' },
    { scope: 'gateway' },
  ])
    assert.notEqual(idOf({}), idOf(other), JSON.stringify(other));
});

test("a bucket's counter follows its rate, in which it is measured", () => {
  const bucket = (limit: number, burst: number) => idOf({ algorithm: 'token-bucket', limit, burst });
  assert.notEqual(bucket(10, 5), bucket(20, 5));
  assert.notEqual(bucket(10, 5), bucket(10, 6));
});

test('routes count for themselves; a limit of the whole gateway counts once', () => {
  assert.notEqual(idOf({}, ROUTE, 'users'), idOf({}, ROUTE, 'orders'));
  assert.equal(idOf({}, GATEWAY, 'users'), idOf({}, GATEWAY, 'orders'));
});

test('no name of a route or a plan reaches into the next part of the id', () => {
  const idIn = (route: string, plan: string) => compile({ scope: 'route' }, { kind: 'plan', name: plan }, route).id;
  const parts = (id: string) => id.split('|').length;
  assert.equal(parts(idIn('GET /a|b', 'free|gold')), parts(idIn('users', 'free')));
  assert.notEqual(idIn('a|b', 'free'), idIn('a%7Cb', 'free'));
});

test('of two limits that share their counters the stricter one decides', () => {
  const [strict, lax] = [compile({ limit: 5 }), compile({ limit: 50 })];
  for (const lists of [
    [[lax], [strict]],
    [[strict], [lax]],
  ])
    assert.deepEqual(mergeWindows(...lists), [strict]);
  assert.equal(mergeWindows([strict], [compile({ window: '1h' })]).length, 2);
});

test('a plan brings its limits and its quota, which goes with the consumer to another plan', () => {
  const plan = planSchema.parse({ rateLimits: [{ limit: 5, window: '1s' }], quota: { limit: 1000, period: 'month' } });
  const [rate, quota, ...others] = compilePlan('free', plan, 'users');
  assert.deepEqual([rate?.name, quota?.name, others], ['free-1s', 'free-month', []]);
  const [, other] = compilePlan('gold', plan, 'orders');
  assert.equal(quota?.id, other?.id);
});

test('one call may cost what the window holds, or what a bucket lets come at once', () => {
  assert.equal(largestCost(compile({ limit: 7 })), 7);
  assert.equal(largestCost(compile({ algorithm: 'token-bucket', limit: 7, burst: 20 })), 21);
});
