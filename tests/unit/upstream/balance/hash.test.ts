import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestContext } from '../../../../src/context.ts';
import { type BalanceOption, createBalancer } from '../../../../src/upstream/balance/balance.ts';
import type { Target } from '../../../../src/upstream/target.ts';
import { countByName, createTargets, fakeContext, nameOf } from '../../../support/targets.ts';

/** The client number `index` of many, the same in each run. */
const contextOfConsumer = (index: number): RequestContext =>
  fakeContext({ consumer: { name: `consumer-${index}`, plan: undefined, roles: [] } });

describe('hash', () => {
  const ten = createTargets(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`t${index}`, 1])));
  const placeAll = (targets: readonly Target[], option: BalanceOption = 'hash') => {
    const balancer = createBalancer(option);
    return Array.from({ length: 10_000 }, (_, index) => nameOf(balancer.pick(targets, contextOfConsumer(index))));
  };

  it('moves at most 15 % of the keys when one of ten targets leaves, and none of those that it did not hold', () => {
    const before = placeAll(ten);
    const after = placeAll(ten.filter((target) => nameOf(target) !== 't3'));
    const moved = before.filter((name, index) => name !== after[index]);
    assert.ok(moved.length <= 1_500, `${moved.length} of 10,000 moved`);
    assert.ok(moved.every((name) => name === 't3'));
  });

  it('spreads keys evenly', () => {
    for (const [name, count] of Object.entries(countByName(placeAll(ten)))) {
      assert.ok(count > 850 && count < 1_150, `${name} holds ${count} of 10,000`);
    }
  });

  it('splits consumers by weight and keeps each on its side, for a canary', () => {
    const before = placeAll(createTargets({ stable: 95, canary: 5 }));
    const after = placeAll(createTargets({ stable: 90, canary: 10 }));
    assert.ok(Math.abs((countByName(before)['canary'] ?? 0) - 500) < 100);
    assert.ok(
      before.every((name, index) => name === 'stable' || after[index] === 'canary'),
      'a consumer left the canary when its weight grew',
    );
  });

  it('goes by header, cookie, address or consumer, and by address where the header is missing', () => {
    const key = (option: BalanceOption, context: RequestContext) => nameOf(createBalancer(option).pick(ten, context));
    const of = (headers: Record<string, string>, clientAddress = '192.0.2.1') =>
      fakeContext({ headers, clientAddress });
    const byHeader: BalanceOption = { hash: 'header:X-Tenant' };
    assert.equal(
      key(byHeader, of({ 'x-tenant': 'a' }, '192.0.2.1')),
      key(byHeader, of({ 'x-tenant': 'a' }, '192.0.2.9')),
    );
    assert.equal(key(byHeader, of({})), key({ hash: 'address' }, of({ cookie: 'x=1' })));
    const byCookie: BalanceOption = { hash: 'cookie:sid' };
    assert.equal(
      key(byCookie, of({ cookie: 'a=1; sid=77; b=2' }, '192.0.2.1')),
      key(byCookie, of({ cookie: 'sid=77' }, '192.0.2.9')),
    );
  });

  it('brings the keys of a target that came back to it one by one', () => {
    let nowMs = 1_000;
    const targets = createTargets({ a: 1, b: 1 });
    const [a] = targets as [Target];
    const balancer = createBalancer('hash', { slowStartMs: 10_000, now: () => nowMs });
    const place = () =>
      Array.from({ length: 2_000 }, (_, index) => balancer.pick(targets, contextOfConsumer(index)) === a);
    const settled = place();
    a.recoveredAtMs = nowMs;
    const shares = [0, 5_000, 4_000].map((stepMs) => {
      nowMs += stepMs;
      const placed = place();
      assert.ok(
        placed.every((isOnA, index) => !isOnA || settled[index]),
        'a key came that is not its own',
      );
      return placed.filter(Boolean).length;
    });
    assert.ok(Math.abs((shares[0] ?? 0) - 100) < 50 && Math.abs((shares[1] ?? 0) - 500) < 100, `${shares}`);
    nowMs += 1_000;
    assert.deepEqual(place(), settled);
  });
});
