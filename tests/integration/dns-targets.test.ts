import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DiscoveryDeps } from '../../src/upstream/discovery/deps.ts';
import { createDnsTargets, dnsOption } from '../../src/upstream/discovery/dns.ts';
import { addressesOf, closeAfter, discoveryDeps, untilAddresses } from '../support/discovery.ts';
import { type DnsMood, type DnsRecord, startDnsServer, type TestDnsServer } from '../support/dns-server.ts';
import { until } from '../support/until.ts';

const a = (address: string, ttl = 1): DnsRecord => ({ type: 'A', address, ttl });
const aaaa = (address: string, ttl = 1): DnsRecord => ({ type: 'AAAA', address, ttl });
const srv = (name: string, port: number, more: { priority?: number; weight?: number } = {}): DnsRecord => ({
  type: 'SRV',
  name,
  port,
  ttl: 1,
  ...more,
});

function follow(t: TestContext, server: TestDnsServer, dns: string, overrides: Partial<DiscoveryDeps> = {}) {
  const deps = discoveryDeps(overrides);
  const source = createDnsTargets(dnsOption.parse({ dns, server: [server.address] }), deps);
  closeAfter(t, source);
  return { source, lines: deps.lines };
}

describe('discovery by DNS', () => {
  it('takes every A and AAAA record of a name, with the port of the file', async (t) => {
    const server = await startDnsServer(t);
    server.records = { 'orders.test': [a('10.0.0.1'), a('10.0.0.2'), aaaa('2001:db8::1')] };
    const { source } = follow(t, server, 'orders.test:8080');
    await source.ready;
    assert.equal(addressesOf(source), '10.0.0.1:8080 10.0.0.2:8080 [2001:db8::1]:8080');
    assert.equal(source.state, 'ok');
  });

  it('takes port and weight from SRV records of the lowest priority', async (t) => {
    const server = await startDnsServer(t);
    server.records = {
      '_http._tcp.orders.test': [
        srv('one.test', 4001, { priority: 1, weight: 9 }),
        srv('two.test', 4002, { priority: 1, weight: 0 }),
        srv('spare.test', 4003, { priority: 2 }),
      ],
      'one.test': [a('10.0.0.1')],
      'two.test': [a('10.0.0.2')],
      'spare.test': [a('10.0.0.3')],
    };
    const { source } = follow(t, server, 'srv:_http._tcp.orders.test');
    await untilAddresses(source, '10.0.0.1:4001 10.0.0.2:4002');
    assert.deepEqual(
      source.specs.map((spec) => spec.weight),
      [9, 1],
    );
    // The first choice leads nowhere any more.
    server.records = { ...server.records, 'one.test': [], 'two.test': [] };
    await untilAddresses(source, '10.0.0.3:4003');
  });

  it('asks again when the TTL is over, and not before', async (t) => {
    const server = await startDnsServer(t);
    server.records = { 'orders.test': [a('10.0.0.1', 1)], 'lasting.test': [a('10.0.0.5', 60)] };
    const { source } = follow(t, server, 'orders.test:80');
    const { source: lasting } = follow(t, server, 'lasting.test:80');
    await untilAddresses(source, '10.0.0.1');
    await untilAddresses(lasting, '10.0.0.5');
    server.records = { 'orders.test': [a('10.0.0.2', 1)], 'lasting.test': [a('10.0.0.6', 60)] };
    const tookMs = await untilAddresses(source, '10.0.0.2');
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    assert.equal(server.questions.filter((question) => question === 'A lasting.test').length, 1);
  });

  for (const mood of ['servfail', 'garbage', 'silent'] as const satisfies readonly DnsMood[]) {
    it(`keeps its targets while the server is ${mood}, says so, and follows on afterwards`, async (t) => {
      const server = await startDnsServer(t);
      server.records = { 'orders.test': [a('10.0.0.1')] };
      const { source, lines } = follow(t, server, 'orders.test:80');
      await untilAddresses(source, '10.0.0.1');
      server.mood = mood;
      await until(() => source.state === 'stale', { timeoutMs: 30_000 });
      assert.equal(addressesOf(source), '10.0.0.1');
      server.records = { 'orders.test': [a('10.0.0.2')] };
      server.mood = 'honest';
      await untilAddresses(source, '10.0.0.2', 30_000);
      assert.equal(source.state, 'ok');
      assert.equal(lines.filter((line) => line.includes('last targets are kept')).length, 1);
    });
  }

  it('keeps its targets for a while when the name is gone, and then has none', async (t) => {
    const server = await startDnsServer(t);
    server.records = { 'orders.test': [a('10.0.0.1')] };
    const { source } = follow(t, server, 'orders.test:80', { emptyGraceMs: 300 });
    await untilAddresses(source, '10.0.0.1');
    server.records = {};
    await until(() => source.state === 'stale');
    assert.equal(addressesOf(source), '10.0.0.1');
    await until(() => source.state === 'empty');
    server.records = { 'orders.test': [a('10.0.0.3')] };
    await untilAddresses(source, '10.0.0.3');
  });

  it('leaves out metadata addresses', async (t) => {
    const server = await startDnsServer(t);
    server.records = {
      'orders.test': [a('169.254.169.254'), a('10.0.0.1'), aaaa('fe80::1'), aaaa('::ffff:a9fe:a9fe')],
    };
    const { source, lines } = follow(t, server, 'orders.test:80');
    await untilAddresses(source, '10.0.0.1');
    assert.ok(lines.some((line) => line.includes('169.254.169.254:80 is left out')));
  });

  it('asks no more once it is closed', async (t) => {
    const server = await startDnsServer(t);
    server.records = { 'orders.test': [a('10.0.0.1')] };
    const { source } = follow(t, server, 'orders.test:80');
    await source.ready;
    source.close();
    const asked = server.questions.length;
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    assert.equal(server.questions.length, asked);
  });
});
