import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBalancer } from '../../../../src/upstream/balance/balance.ts';
import type { Target } from '../../../../src/upstream/target.ts';
import { createRandom } from '../../../support/random.ts';
import { countByName, createTargets, fakeContext, nameOf } from '../../../support/targets.ts';

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
