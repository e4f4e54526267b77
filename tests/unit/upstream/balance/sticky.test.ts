import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestContext } from '../../../../src/context.ts';
import { type BalanceOption, createBalancer } from '../../../../src/upstream/balance/balance.ts';
import { createTargets, fakeContext } from '../../../support/targets.ts';

describe('sticky', () => {
  const option: BalanceOption = { sticky: { cookie: 'lb' } };
  const cookieIn = (context: RequestContext) => context.extraHeaders?.[1]?.split(';')[0] ?? '';

  it('sets a cookie once, which leads to the same target and tells no address', () => {
    const targets = createTargets({ 'orders-1.internal': 1, 'orders-2.internal': 1, 'orders-3.internal': 1 });
    const balancer = createBalancer(option);
    const first = fakeContext();
    const target = balancer.pick(targets, first);
    assert.match(first.extraHeaders?.[1] ?? '', /^lb=[0-9a-z]+; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.doesNotMatch(cookieIn(first), /orders|internal/);
    for (let index = 0; index < 50; index += 1) {
      const next = fakeContext({ headers: { cookie: `a=b; ${cookieIn(first)}` } });
      assert.equal(balancer.pick(targets, next), target);
      assert.equal(next.extraHeaders, undefined);
    }
  });

  it('names the target of the retry, not the one that failed, in one cookie', () => {
    const targets = createTargets({ a: 1, b: 1 });
    const balancer = createBalancer(option);
    const context = fakeContext();
    const failed = balancer.pick(targets, context);
    const before = cookieIn(context);
    balancer.pick(
      targets.filter((target) => target !== failed),
      context,
    );
    assert.equal(context.extraHeaders?.length, 2);
    assert.notEqual(cookieIn(context), before);
  });

  it('chooses anew when the target of the cookie is gone', () => {
    const targets = createTargets({ a: 1 });
    const context = fakeContext({ headers: { cookie: 'lb=zzz' } });
    assert.equal(createBalancer(option).pick(targets, context), targets[0]);
    assert.equal(context.extraHeaders?.length, 2);
  });
});
