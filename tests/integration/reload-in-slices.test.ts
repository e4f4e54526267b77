import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineStage, type Stage, type StageDeps } from '../../src/stage.ts';
import { serviceLifeKind } from '../../src/upstream/service-life.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { pipelineWith } from '../support/own-stages.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const OPEN = { auth: 'none' };

/** Enough routes for several slices. */
function manyRoutes(edit: number): object[] {
  return Array.from({ length: 300 }, (_, i) => ({
    prefix: `/many${edit}/${i}`,
    target: `http://127.0.0.1:9/${edit}/${i}`,
    ...OPEN,
  }));
}

/** Does something while the route of this prefix is compiled. */
function atRoute(prefix: string, act: (deps: StageDeps) => void): Stage {
  return defineStage({
    name: 'atRoute',
    create(_options, route, deps) {
      if (route.prefix === prefix) act(deps);
      return undefined;
    },
  }) as unknown as Stage;
}

/** Begins a reload and comes back in the middle of it. */
async function beginReload(gateway: TestGateway, file: object): Promise<{ result: ReturnType<TestGateway['reload']> }> {
  const { pool } = gateway.deps;
  const before = pool.size;
  let isOver = false;
  const result = gateway.reload(file).finally(() => {
    isOver = true;
  });
  while (pool.size <= before) await new Promise(setImmediate);
  assert.equal(isOver, false);
  return { result };
}

const statusOf = async (gateway: TestGateway, path: string): Promise<number> => (await ask(gateway.url + path)).status;

test('while a configuration is compiled the one before it serves', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/old', target: service.url, ...OPEN }] } });
  const { result } = await beginReload(gateway, {
    routes: [{ prefix: '/new', target: service.url, ...OPEN }, ...manyRoutes(1)],
  });
  const during = gateway.gateway.snapshot.routes.map(({ prefix }) => prefix);
  assert.equal((await result).result, 'applied');
  assert.deepEqual(during, ['/old']);
  assert.equal(await statusOf(gateway, '/new'), 200);
  assert.equal(await statusOf(gateway, '/old'), 404);
});

test('a reload that is asked for during another one runs after it, and sees the newest file', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [] } });
  const { result: first } = await beginReload(gateway, { routes: manyRoutes(1) });
  const second = gateway.reload({ routes: [{ prefix: '/newest', target: service.url, ...OPEN }] });
  assert.deepEqual(
    (await Promise.all([first, second])).map(({ result }) => result),
    ['applied', 'applied'],
  );
  assert.equal(await statusOf(gateway, '/newest'), 200);
  assert.equal(await statusOf(gateway, '/many1/0'), 404);
  assert.equal(gateway.reloader.last, await second);
});

test('a configuration that fails in the middle changes nothing and leaves nothing behind', async (t) => {
  const stages = pipelineWith(
    'forward',
    atRoute('/bad', () => {
      throw new Error('a bug in a stage');
    }),
  );
  const service = await startService(t);
  const steady = { prefix: '/steady', target: service.url, ...OPEN };
  const gateway = await startGateway(t, { file: { routes: [steady] }, stages });
  const { pool } = gateway.deps;
  const before = pool.size;
  const { result, faults } = await gateway.reload({
    routes: [steady, ...manyRoutes(1), { ...steady, prefix: '/bad' }],
  });
  assert.deepEqual([result, faults[0]?.message], ['refused', 'a bug in a stage']);
  assert.equal(pool.size, before);
  assert.equal(await statusOf(gateway, '/steady'), 200);
  assert.equal((await gateway.reload({ routes: [steady, ...manyRoutes(2)] })).result, 'applied');
});

test('new options of a service hold from the swap on, not while the rest is compiled', async (t) => {
  const seen: unknown[] = [];
  const stages = pipelineWith(
    'forward',
    atRoute('/last', ({ pool }) => seen.push(pool.list(serviceLifeKind)[0]?.edition?.bulkheadOptions.inFlight)),
  );
  const service = await startService(t);
  const file = (inFlight: number) => ({
    services: { it: { targets: [service.url], bulkhead: { inFlight } } },
    routes: [
      { prefix: '/x', service: 'it', ...OPEN },
      { prefix: '/last', service: 'it', ...OPEN },
    ],
  });
  const gateway = await startGateway(t, { file: file(5), stages });
  await gateway.reload(file(7));
  assert.deepEqual(seen, [undefined, 5]);
  assert.equal(gateway.deps.pool.list(serviceLifeKind)[0]?.edition?.bulkheadOptions.inFlight, 7);
});

test('a gateway that stops in the middle of a reload gives it up and leaves nothing behind', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/x', target: service.url, ...OPEN }] } });
  const { result } = await beginReload(gateway, { routes: manyRoutes(1) });
  await gateway.close();
  const { result: outcome, faults } = await result;
  assert.deepEqual([outcome, faults[0]?.message], ['refused', 'the gateway is stopping']);
  assert.equal(gateway.deps.pool.size, 0);
  assert.ok(!gateway.messages.some((line) => line.includes('refused')));
  assert.equal((await gateway.reloader.reload('late')).result, 'refused');
});

test('a gateway that stops while an old configuration is let go does the rest at once', async (t) => {
  const gateway = await startGateway(t, { file: { routes: manyRoutes(1) } });
  await gateway.reload({ routes: [] });
  await until(() => gateway.deps.pool.size > 0);
  await gateway.close();
  assert.equal(gateway.deps.pool.size, 0);
});
