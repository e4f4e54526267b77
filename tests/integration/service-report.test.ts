import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startScriptedConsul } from '../support/scripted-consul.ts';
import { closedPort, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** How many targets are out, as the metrics say it. */
async function outInMetrics(gateway: TestGateway, service: string): Promise<number> {
  const line = (await gateway.metrics()).split('\n').find((text) => text.includes(`"${service}",state="out"`));
  return Number(line?.split(' ').at(-1));
}

describe('what is told of services', () => {
  it('names one that a route finds by discovery after the route', async (t) => {
    const consul = await startScriptedConsul(t);
    const service = await startService(t);
    consul.publish([`127.0.0.1:${service.port}`]);
    const gateway = await startGateway(t, {
      file: { routes: [{ name: 'found', prefix: '/found', auth: 'none', discover: { consul: 'orders' } }] },
      env: { CONSUL_HTTP_ADDR: consul.url },
    });
    await until(async () => (await ask(`${gateway.url}/found/x`)).status === 200);
    const { services } = (await ask(`${gateway.url}/health`)).json;
    assert.deepEqual(services, { found: { circuit: 'closed', targets: 1, healthyTargets: 1, inFlight: 0 } });
  });

  it('names an address after the first of its routes that is still there', async (t) => {
    const { url: target } = await startService(t);
    const route = (name: string) => ({ name, prefix: `/${name}`, auth: 'none', target });
    const gateway = await startGateway(t, { file: { routes: [route('one'), route('two')] } });
    const names = async () => Object.keys((await ask(`${gateway.url}/health`)).json.services);
    assert.deepEqual(await names(), ['one']);
    const state = (await ask(`${gateway.adminUrl}/state`)).json;
    assert.equal(state.services.one.name, target, 'what log and metrics call it');
    assert.ok(state.breakers.some(({ name }: { name: string }) => name === state.services.one.name));
    assert.doesNotMatch((await ask(`${gateway.url}/health`)).text, /127\.0\.0\.1/);
    await gateway.reload({ routes: [route('two')] });
    await until(async () => (await names()).join() === 'two');
  });

  it('is the same in health, state and metrics, and asking ends no ejection', async (t) => {
    const well = await startService(t);
    const gone = `http://127.0.0.1:${await closedPort()}`;
    const gateway = await startGateway(t, {
      file: {
        services: {
          pair: {
            targets: [gone, well.url],
            balance: 'round-robin',
            passiveHealth: { failures: 2, ejectFor: '100ms' },
          },
        },
        routes: [{ prefix: '/api', service: 'pair', auth: 'none' }],
      },
    });
    const stateOf = async () =>
      (await ask(`${gateway.adminUrl}/state`)).json.targets.find(({ url }: { url: string }) => url === gone);
    await until(async () => {
      await ask(`${gateway.url}/api/x`);
      return (await stateOf()).isEjected;
    });
    await until(async () => (await stateOf()).ejectedForMs === 0);
    for (let asked = 0; asked < 3; asked += 1) {
      const healthy = (await ask(`${gateway.url}/health`)).json.services.pair.healthyTargets;
      assert.equal(await outInMetrics(gateway, 'pair'), 2 - healthy);
    }
    const { isEjected, isHealthy } = await stateOf();
    assert.deepEqual([isEjected, isHealthy], [true, true], 'its trial is due, and nobody has made it by looking');
  });
});
