import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestContext } from '../../../../src/context.ts';
import {
  type BalanceOption,
  balanceOption,
  createBalancer,
  defaultBalance,
} from '../../../../src/upstream/balance/balance.ts';
import type { Target } from '../../../../src/upstream/target.ts';
import { createRandom } from '../../../support/random.ts';
import { createTargets, fakeContext } from '../../../support/targets.ts';

function pickMany(option: BalanceOption, targets: readonly Target[], count: number, context = fakeContext()): string {
  const balancer = createBalancer(option);
  return Array.from({ length: count }, () => nameOf(balancer.pick(targets, context))).join('');
}

const nameOf = (target: Target | undefined): string => new URL(target?.url ?? 'http://none').hostname;

function countByName(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The client number `index` of many, the same in each run. */
const contextOfConsumer = (index: number): RequestContext =>
  fakeContext({ consumer: { name: `consumer-${index}`, plan: undefined, roles: [] } });

describe('round-robin', () => {
  it('gives equal turns whatever the weights', () => {
    assert.equal(pickMany('round-robin', createTargets({ a: 5, b: 1, c: 1 }), 6), 'abcabc');
  });

  it('spreads turns by weight smoothly, not in bursts', () => {
    assert.equal(pickMany('weighted', createTargets({ a: 5, b: 1, c: 1 }), 14), 'aabacaaaabacaa');
  });

  it('gives nothing to a target of weight 0', () => {
    assert.equal(pickMany('weighted', createTargets({ a: 0, b: 1 }), 4), 'bbbb');
  });

  it('gives a target that came back a tenth of its turns at first, and all of them after the slow start', () => {
    let nowMs = 1_000;
    const targets = createTargets({ a: 1, b: 1 });
    const balancer = createBalancer('round-robin', { slowStartMs: 10_000, now: () => nowMs });
    const turnsOfA = () => {
      let turns = 0;
      for (let index = 0; index < 110; index += 1)
        if (nameOf(balancer.pick(targets, fakeContext())) === 'a') turns += 1;
      return turns;
    };
    (targets[0] as Target).recoveredAtMs = nowMs;
    assert.equal(turnsOfA(), 10);
    nowMs += 5_000;
    assert.ok(Math.abs(turnsOfA() - 110 / 3) <= 1, 'half its share after half the time');
    nowMs += 5_000;
    assert.ok(Math.abs(turnsOfA() - 55) <= 1);
  });
});

describe('least-busy', () => {
  it('gives a target that is five times slower at most a quarter of an equal share of 10,000 requests', () => {
    const names = simulate({ latencies: { a: 10, b: 10, c: 10, slow: 50 }, requests: 10_000, inFlight: 8 });
    const counts = countByName(names);
    assert.ok((counts['slow'] ?? 0) <= 10_000 / 4 / 4, `the slow one got ${counts['slow']}`);
    for (const name of ['a', 'b', 'c']) assert.ok((counts[name] ?? 0) > 3_000, `${name} got ${counts[name]}`);
  });

  it('holds the same with one request at a time, and with a hundred', () => {
    for (const inFlight of [1, 100]) {
      const names = simulate({ latencies: { a: 10, b: 10, c: 10, slow: 50 }, requests: 10_000, inFlight });
      const share = countByName(names)['slow'] ?? 0;
      assert.ok(share <= 625, `the slow one got ${share} of 10,000 at ${inFlight} in flight`);
    }
  });

  it('shares by weight where latency is equal', () => {
    const targets = createTargets({ a: 9, b: 1 });
    const balancer = createBalancer('least-busy', { random: createRandom(42) });
    const counts = countByName(Array.from({ length: 10_000 }, () => nameOf(balancer.pick(targets, fakeContext()))));
    assert.ok(Math.abs((counts['b'] ?? 0) - 1_000) < 150, `b got ${counts['b']}`);
  });

  it('finds out within seconds that a slow target has recovered', () => {
    const names = simulate({ latencies: { a: 10, b: 10 }, first: { b: 2_000 }, requests: 10_000, inFlight: 1 });
    const late = countByName(names.slice(1_500, 2_500));
    assert.ok((late['b'] ?? 0) > 300, `b got ${late['b']} of a thousand after 15 s`);
  });
});

interface Simulation {
  readonly latencies: Readonly<Record<string, number>>;
  /** Latency of a target's first answer, where it differs. */
  readonly first?: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly inFlight: number;
}

/** Runs requests against targets with fixed latencies in simulated time; who got each, in order. */
function simulate({ latencies, first = {}, requests, inFlight }: Simulation): string[] {
  let nowMs = 1;
  const targets = createTargets(Object.fromEntries(Object.keys(latencies).map((name) => [name, 1])));
  const balancer = createBalancer('least-busy', { now: () => nowMs, random: createRandom(42) });
  const running: { endsAtMs: number; target: Target; latencyMs: number }[] = [];
  const asked = new Set<string>();
  return Array.from({ length: requests }, () => {
    if (running.length === inFlight) {
      running.sort((one, other) => one.endsAtMs - other.endsAtMs);
      const ended = running.shift();
      assert.ok(ended);
      nowMs = ended.endsAtMs;
      ended.target.inFlight -= 1;
      ended.target.observe(ended.latencyMs, nowMs);
    }
    const target = balancer.pick(targets, fakeContext());
    assert.ok(target);
    const name = nameOf(target);
    const latencyMs = (asked.has(name) ? undefined : first[name]) ?? latencies[name] ?? 0;
    asked.add(name);
    target.inFlight += 1;
    running.push({ endsAtMs: nowMs + latencyMs, target, latencyMs });
    return name;
  });
}

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

describe('the key balance', () => {
  it('takes the four words and the two objects, and nothing else', () => {
    for (const good of ['least-busy', { hash: 'header:X-Tenant' }, { sticky: { cookie: 'lb' } }]) {
      assert.ok(balanceOption.safeParse(good).success, JSON.stringify(good));
    }
    for (const bad of ['random', { hash: 'header:' }, { hash: 'X-Tenant' }, { sticky: { cookie: 'a b' } }, {}]) {
      assert.ok(!balanceOption.safeParse(bad).success, JSON.stringify(bad));
    }
  });

  it('is least-busy by default, or weighted where weights differ', () => {
    assert.equal(
      defaultBalance([
        { url: 'http://a', weight: 1 },
        { url: 'http://b', weight: 1 },
      ]),
      'least-busy',
    );
    assert.equal(
      defaultBalance([
        { url: 'http://a', weight: 9 },
        { url: 'http://b', weight: 1 },
      ]),
      'weighted',
    );
  });
});
