import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  normalizeTargetUrl,
  reconcileTargets,
  type Target,
  type TargetSpec,
  targetsOption,
} from '../../../src/upstream/target.ts';
import { createTarget } from '../../support/targets.ts';

const spec = (url: string, weight = 1): TargetSpec => ({ url, weight });

describe('the address of a target', () => {
  it('has one spelling', () => {
    const spellings = {
      'http://Localhost:80/': 'http://localhost',
      'https://a.test:443/base/': 'https://a.test/base',
      'http://a.test:8080//x': 'http://a.test:8080//x',
      'http://[2001:DB8::1]:80': 'http://[2001:db8::1]',
    };
    for (const [written, normal] of Object.entries(spellings)) assert.equal(normalizeTargetUrl(written), normal);
  });

  it('is refused with credentials, a query, a fragment, another scheme, or none', () => {
    for (const bad of ['http://u:p@a', 'http://a?x=1', 'http://a#x', 'ftp://a', 'a:80', 'localhost', '', 'http://']) {
      assert.equal(normalizeTargetUrl(bad), undefined, bad);
    }
  });

  it('is split into origin and base path', () => {
    const target = createTarget('https://a.test:8443/v1');
    assert.equal(target.origin, 'https://a.test:8443');
    assert.equal(target.basePath, '/v1');
  });
});

describe('the key targets', () => {
  it('takes addresses and weighted addresses', () => {
    assert.deepEqual(targetsOption.parse(['http://a/', { url: 'http://b', weight: 9 }, { url: 'http://c' }]), [
      spec('http://a'),
      spec('http://b', 9),
      spec('http://c'),
    ]);
  });

  it('refuses what is no address, a negative weight, an unknown key and an empty list', () => {
    for (const bad of [['a'], [{ url: 'http://a', weight: -1 }], [{ url: 'http://a', wieght: 1 }], []]) {
      assert.equal(targetsOption.safeParse(bad).success, false, JSON.stringify(bad));
    }
  });
});

describe('a changed list of targets', () => {
  it('keeps what was learned about those that stay, and tells who is gone', () => {
    const create = (one: TargetSpec) => createTarget(one.url, one.weight);
    const gone: string[] = [];
    const leave = (target: Target) => void gone.push(target.url);
    const before = reconcileTargets([], [spec('http://a'), spec('http://b')], create, leave);
    (before[1] as Target).consecutiveFailures = 3;
    const after = reconcileTargets(before, [spec('http://b', 5), spec('http://c'), spec('http://c')], create, leave);
    assert.deepEqual(
      after.map((target) => `${target.url} ${target.weight}`),
      ['http://b 5', 'http://c 1'],
    );
    assert.equal(after[0], before[1]);
    assert.equal(after[0]?.consecutiveFailures, 3);
    assert.deepEqual(gone, ['http://a']);
  });
});

describe('the latency of a target', () => {
  it('rises at once, falls slowly, and is forgotten when it is old', () => {
    const target = createTarget('http://a');
    target.observe(10, 0);
    target.observe(1_000, 10);
    assert.equal(target.latencyMs, 1_000);
    target.observe(10, 20);
    assert.ok(target.latencyMs > 950);
    for (let nowMs = 30; nowMs < 10_000; nowMs += 10) target.observe(10, nowMs);
    assert.ok(target.latencyMs < 15);
    target.observe(1_000, 10_000);
    target.observe(10, 13_000);
    assert.equal(target.latencyMs, 10);
  });
});
