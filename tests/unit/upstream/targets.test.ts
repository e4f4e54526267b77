import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, it, mock } from 'node:test';
import { createAddressPolicy } from '../../../src/upstream/discovery/address-policy.ts';
import { discoverOption } from '../../../src/upstream/discovery/discover.ts';
import { pauseAfter } from '../../../src/upstream/discovery/dns.ts';
import { parseDnsQuestion } from '../../../src/upstream/discovery/dns-lookup.ts';
import { createHeldSpecs } from '../../../src/upstream/discovery/held-specs.ts';
import { createStaticTargets } from '../../../src/upstream/discovery/source.ts';
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

describe('targets from the file', () => {
  it('never change, and are there at once', async () => {
    const source = createStaticTargets([spec('http://a')]);
    await source.ready;
    assert.deepEqual(source.specs, [spec('http://a')]);
    assert.equal(source.state, 'ok');
    assert.equal(createStaticTargets([]).state, 'empty');
  });
});

describe('what discovery said last', () => {
  afterEach(() => mock.timers.reset());

  it('stays for 60 seconds when there is suddenly nothing, unless discovery fails meanwhile', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const held = createHeldSpecs();
    held.accept([spec('http://a')]);
    held.accept([]);
    mock.timers.tick(59_999);
    assert.equal(held.state, 'stale');
    held.fail();
    mock.timers.tick(60_000);
    assert.equal(held.specs.length, 1, 'who fails now may have been wrong before');
    held.accept([]);
    mock.timers.tick(60_000);
    assert.equal(held.state, 'empty');
    held.close();
  });

  it('stays beside the first that come back after an emptiness, until they are back or their time is over', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const held = createHeldSpecs();
    const urls = () => held.specs.map(({ url }) => url.at(-1)).join('');
    const told: string[] = [];
    held.subscribe(() => told.push(urls()));
    held.accept([spec('http://a'), spec('http://b'), spec('http://c')]);
    held.accept([]);
    mock.timers.tick(20_000);
    held.accept([spec('http://d')]);
    assert.equal(urls(), 'abcd', 'one that registers first does not get all traffic');
    held.fail();
    held.accept([spec('http://b', 5), spec('http://d')]);
    assert.equal(urls(), 'abcd');
    assert.equal(held.specs[1]?.weight, 5, 'what is said now counts');
    assert.equal(held.state, 'stale');
    mock.timers.tick(59_999);
    assert.equal(urls(), 'abcd', 'the failure began the grace anew');
    mock.timers.tick(1);
    assert.equal(urls(), 'bd');
    assert.equal(held.state, 'ok');
    held.accept([spec('http://d')]);
    assert.deepEqual(told, ['abc', 'abcd', 'abcd', 'bd', 'd'], 'without an emptiness who is gone is gone');
    held.close();
  });

  it('is told to listeners only when it has changed, whatever its order', () => {
    const held = createHeldSpecs();
    let told = 0;
    held.subscribe(() => {
      told += 1;
    });
    held.accept([spec('http://a'), spec('http://b')]);
    held.accept([spec('http://b'), spec('http://a')]);
    held.fail();
    held.accept([spec('http://a'), spec('http://b')]);
    assert.equal(told, 1);
    held.accept([spec('http://a'), spec('http://b', 2)]);
    assert.equal(told, 2, 'a weight is a change');
  });
});

describe('the guard against addresses that no service has', () => {
  it('refuses the gateway itself on every address of this machine, and only on its own ports', () => {
    const policy = createAddressPolicy(undefined, [3000, 9901]);
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .map(({ address }) => address);
    for (const host of [
      '127.0.0.1',
      '127.8.8.8',
      '::1',
      '::ffff:127.0.0.1',
      ...own.filter((one) => !one.includes('%')),
    ]) {
      assert.equal(policy(host, 3000), 'it is the gateway itself', host);
    }
    assert.equal(policy('127.0.0.1', 3001), undefined);
    assert.equal(policy('10.255.0.1', 3000), undefined);
  });

  it('refuses metadata addresses in every spelling', () => {
    const policy = createAddressPolicy(undefined, []);
    const bad = ['169.254.169.254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', 'fd00:ec2::254', '100.100.100.200'];
    for (const host of [...bad, '0.0.0.0', '::', 'fe80::1', '224.0.0.251', '255.255.255.255', 'ff02::1']) {
      assert.notEqual(policy(host, 80), undefined, host);
    }
    for (const name of ['metadata.google.internal', '2852039166', '0xa9fea9fe', '169.254.43518', '']) {
      assert.notEqual(policy(name, 80), undefined, name);
    }
  });

  it('knows only the allowed networks where some are named, and never the gateway itself', () => {
    const policy = createAddressPolicy(['169.254.1.0/24', '127.0.0.0/8'], [3000]);
    assert.equal(policy('169.254.1.7', 80), undefined);
    assert.equal(policy('10.0.0.1', 80), 'it is outside the networks in "allow"');
    assert.notEqual(policy('127.0.0.1', 3000), undefined);
  });
});

describe('the key discover', () => {
  it('takes Consul and DNS, with their defaults', () => {
    assert.deepEqual(discoverOption.parse({ consul: 'orders', tag: 'v2' }), {
      consul: 'orders',
      tag: 'v2',
      scheme: 'http',
    });
    for (const dns of ['srv:_http._tcp.orders.local', 'a:orders.local:8080', 'orders.local:8080']) {
      assert.deepEqual(discoverOption.parse({ dns }), { dns, scheme: 'http' });
    }
  });

  it('refuses a name without its port, a port beside SRV, both ways at once, and a network that is none', () => {
    const bad = [
      { dns: 'orders.local' },
      { dns: 'srv:orders.local:80' },
      { dns: 'http://orders.local:80' },
      { dns: 'orders.local:0' },
      { dns: 'orders.local:99999' },
      { consul: 'orders', dns: 'orders.local:80' },
      { consul: 'orders', allow: ['10.0.0.0/33'] },
      { consul: 'orders', tags: 'v2' },
      {},
    ];
    for (const option of bad) assert.equal(discoverOption.safeParse(option).success, false, JSON.stringify(option));
  });

  it('is read into a question', () => {
    assert.deepEqual(parseDnsQuestion('srv:_http._tcp.a'), { kind: 'srv', name: '_http._tcp.a' });
    assert.deepEqual(parseDnsQuestion('a:a.test:80'), { kind: 'host', name: 'a.test', port: 80 });
    assert.deepEqual(parseDnsQuestion('a.test:80'), { kind: 'host', name: 'a.test', port: 80 });
  });
});

describe('the pause between two DNS look-ups', () => {
  it('is the shortest TTL, from a second to five minutes, and up to a tenth longer', () => {
    const pause = (ttls: readonly number[], random = 0) =>
      pauseAfter(
        ttls.map((ttlSeconds) => ({ ttlSeconds })),
        () => random,
      );
    assert.equal(pause([60, 30, 90]), 30_000);
    assert.equal(pause([0]), 1_000);
    assert.equal(pause([86_400]), 300_000);
    assert.equal(pause([30], 1), 33_000);
  });
});
