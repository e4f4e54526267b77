import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { openWire } from '../support/wire.ts';

/** A service that says its name, counts its checks, and holds what is asked below `/hold` open. */
async function startNamed(t: TestContext, name: string): Promise<StubService> {
  return startService(t, (req, res) => {
    if (req.url?.includes('/hold') === true) res.write('held');
    else res.end(name);
  });
}

const checksOf = ({ requests }: StubService): number => requests.filter(({ path }) => path === '/well').length;

/** Opens a stream that keeps the snapshot of now alive. */
async function holdOpen(t: TestContext, gateway: TestGateway, path: string): Promise<void> {
  const wire = openWire(t, gateway.port);
  wire.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await wire.gets(/held/);
}

describe('an edit of a service', () => {
  it('leaves the weights of another route with the same addresses alone', async (t) => {
    const [a, b] = [await startNamed(t, 'a'), await startNamed(t, 'b')];
    const list = (one: number, other: number) => [
      { url: a.url, weight: one },
      { url: b.url, weight: other },
    ];
    const gateway = await startGateway(t, {
      file: {
        routes: [
          { prefix: '/one', auth: 'none', targets: list(10, 0) },
          { prefix: '/two', auth: 'none', targets: list(0, 10) },
        ],
      },
    });
    const answers = async (path: string) => {
      let text = '';
      for (let index = 0; index < 6; index += 1) text += (await ask(gateway.url + path)).text;
      return text;
    };
    assert.deepEqual([await answers('/one/x'), await answers('/two/x')], ['aaaaaa', 'bbbbbb']);
  });

  it('does not multiply its health checks, though a stream keeps the old one alive', async (t) => {
    const service = await startNamed(t, 'a');
    const file = (edit: number) => ({
      services: {
        one: {
          targets: [service.url],
          healthCheck: { path: '/well', interval: '200ms' },
          slowStart: `${edit}ms`,
        },
      },
      routes: [{ prefix: '/api', service: 'one', auth: 'none' }],
    });
    const gateway = await startGateway(t, { file: file(0) });
    for (let edit = 1; edit <= 10; edit += 1) {
      await holdOpen(t, gateway, '/api/hold');
      assert.equal((await gateway.reload(file(edit))).result, 'applied');
    }
    const before = checksOf(service);
    const begunAtMs = performance.now();
    await until(() => checksOf(service) >= before + 10);
    const tookMs = performance.now() - begunAtMs;
    assert.ok(tookMs > 1_200, `ten checks of 200 ms took ${tookMs} ms`);
  });

  it('begins no new count of the calls under way', async (t) => {
    const service = await startNamed(t, 'a');
    const file = (edit: number) => ({
      services: {
        one: { targets: [service.url], bulkhead: { inFlight: edit < 2 ? 3 : 4, queue: 0 }, slowStart: `${edit}ms` },
      },
      routes: [{ prefix: '/api', service: 'one', auth: 'none' }],
    });
    const gateway = await startGateway(t, { file: file(0) });
    for (let call = 0; call < 3; call += 1) await holdOpen(t, gateway, '/api/hold');
    assert.equal((await ask(`${gateway.url}/api/x`)).status, 503);
    await gateway.reload(file(1));
    assert.equal((await ask(`${gateway.url}/api/x`)).status, 503, 'three are under way, as before the edit');
    await gateway.reload(file(2));
    assert.equal((await ask(`${gateway.url}/api/x`)).status, 200, 'the new bound holds');
    assert.equal((await ask(`${gateway.url}/health`)).json.services.one.inFlight, 3);
  });

  it('begins no new count where a route names the address itself', async (t) => {
    const service = await startNamed(t, 'a');
    const file = (edit: number) => ({
      routes: [
        {
          prefix: '/api',
          auth: 'none',
          target: service.url,
          bulkhead: { inFlight: 2, queue: 0 },
          slowStart: `${edit}ms`,
        },
      ],
    });
    const gateway = await startGateway(t, { file: file(0) });
    for (let call = 0; call < 2; call += 1) await holdOpen(t, gateway, '/api/hold');
    await gateway.reload(file(1));
    assert.equal((await ask(`${gateway.url}/api/x`)).status, 503);
  });

  it('that takes the checks away lets a target back that they had taken out', async (t) => {
    const mood = { isWell: false };
    const a = await startService(t, (req, res) => {
      res.writeHead(mood.isWell || req.url !== '/well' ? 200 : 500).end('a');
    });
    const b = await startNamed(t, 'b');
    const file = (healthCheck?: object) => ({
      services: { pair: { targets: [a.url, b.url], balance: 'round-robin', slowStart: '0ms', healthCheck } },
      routes: [{ prefix: '/api', service: 'pair', auth: 'none' }],
    });
    const gateway = await startGateway(t, { file: file({ path: '/well', interval: '100ms' }) });
    await until(async () => (await ask(`${gateway.url}/health`)).json.services.pair.healthyTargets === 1);
    await gateway.reload(file());
    const answers = [await ask(`${gateway.url}/api/x`), await ask(`${gateway.url}/api/x`)].map(({ text }) => text);
    assert.deepEqual(answers.sort(), ['a', 'b']);
  });
});
