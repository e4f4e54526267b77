import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { consulOption, createConsulTargets } from '../../src/upstream/discovery/consul.ts';
import { createDnsTargets, dnsOption } from '../../src/upstream/discovery/dns.ts';
import { type ConsulAgent, needsConsul, startConsulAgent } from '../support/consul.ts';
import { addressesOf, closeAfter, discoveryDeps, untilAddresses } from '../support/discovery.ts';
import { until } from '../support/until.ts';

function follow(t: TestContext, agent: ConsulAgent, options: object = {}) {
  const deps = discoveryDeps();
  const settings = { ...deps.settings, consulHttpAddr: agent.url };
  return closeAfter(
    t,
    createConsulTargets(consulOption.parse({ consul: 'orders', ...options }), { ...deps, settings }),
  );
}

const register = (agent: ConsulAgent, port: number, more: object = {}) =>
  agent.register({ name: 'orders', id: `orders-${port}`, port, ...more });

describe('a real Consul agent', needsConsul, () => {
  it('is followed within a second when instances come, go, fail their check and recover', async (t) => {
    const agent = await startConsulAgent(t);
    await register(agent, 4001, { check: 'health-4001' });
    const source = follow(t, agent);
    await untilAddresses(source, '127.0.0.1:4001');
    const changes: readonly (readonly [() => Promise<void>, string])[] = [
      [() => register(agent, 4002, { weight: 3 }), '127.0.0.1:4001 127.0.0.1:4002'],
      [() => agent.setCheck('health-4001', 'fail'), '127.0.0.1:4002'],
      [() => agent.setCheck('health-4001', 'pass'), '127.0.0.1:4001 127.0.0.1:4002'],
      [() => agent.deregister('orders-4001'), '127.0.0.1:4002'],
    ];
    for (const [change, addresses] of changes) {
      await change();
      const tookMs = await untilAddresses(source, addresses);
      assert.ok(tookMs < 1_000, `${addresses} took ${tookMs} ms`);
    }
    assert.equal(source.specs[0]?.weight, 3);
    // The last one leaves: the sudden emptiness is not believed yet.
    await agent.deregister('orders-4002');
    await until(() => source.state === 'stale');
    assert.equal(addressesOf(source), '127.0.0.1:4002');
  });

  it('is asked for a tag', async (t) => {
    const agent = await startConsulAgent(t);
    await register(agent, 4001, { tags: ['v1'] });
    await register(agent, 4002, { tags: ['v2'] });
    await untilAddresses(follow(t, agent, { tag: 'v2' }), '127.0.0.1:4002');
  });

  it('may be killed and come back empty: its instances are kept beside the first that register, for a while', async (t) => {
    const agent = await startConsulAgent(t);
    await register(agent, 4001);
    await register(agent, 4002);
    const source = follow(t, agent);
    await untilAddresses(source, '127.0.0.1:4001 127.0.0.1:4002');
    await agent.kill();
    await until(() => source.state === 'stale');
    await agent.start();
    assert.equal(addressesOf(source), '127.0.0.1:4001 127.0.0.1:4002');
    await register(agent, 4003);
    const tookMs = await untilAddresses(source, '127.0.0.1:4001 127.0.0.1:4002 127.0.0.1:4003');
    assert.ok(tookMs < 2_500, `${tookMs} ms after its return`);
    assert.equal(source.state, 'stale');
  });

  it('answers over DNS too, with SRV and A records', async (t) => {
    const agent = await startConsulAgent(t);
    await register(agent, 4001, { weight: 2 });
    const server = [agent.dnsServer];
    const srv = createDnsTargets(dnsOption.parse({ dns: 'srv:orders.service.consul', server }), discoveryDeps());
    closeAfter(t, srv);
    await untilAddresses(srv, '127.0.0.1:4001');
    assert.equal(srv.specs[0]?.weight, 2);
    const host = createDnsTargets(dnsOption.parse({ dns: 'orders.service.consul:8080', server }), discoveryDeps());
    closeAfter(t, host);
    await untilAddresses(host, '127.0.0.1:8080');
    await register(agent, 4002);
    const tookMs = await untilAddresses(srv, '127.0.0.1:4001 127.0.0.1:4002');
    assert.ok(tookMs < 4_000, `${tookMs} ms`);
  });
});
