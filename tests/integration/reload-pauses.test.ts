import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { watchLoop } from '../support/watch-loop.ts';

/** The longest that a request may wait for a reload, in milliseconds. */
const LONGEST_PAUSE_MS = 50;
const ROUTES = 1_000;
const OPEN = { auth: 'none' };

/** Calls one path again and again. */
function startCaller(t: TestContext, url: string) {
  const agent = new Agent({ keepAlive: true });
  const statuses: number[] = [];
  let isOver = false;
  async function call(): Promise<void> {
    while (!isOver) statuses.push((await ask(url, { agent })).status);
  }
  const calls = call();
  const stop = async (): Promise<void> => {
    isOver = true;
    await calls;
    agent.destroy();
  };
  t.after(stop);
  return { statuses, stop };
}

/** A thousand routes that no file before this one has had, each with a service of its own. */
function manyRoutes(edit: number): object[] {
  return Array.from({ length: ROUTES }, (_, i) => ({
    prefix: `/many${edit}/${i}`,
    target: `http://127.0.0.1:9/${edit}/${i}`,
    rateLimits: [{ limit: 100, window: '1m' }],
    ...OPEN,
  }));
}

async function reloadUnderLoad(t: TestContext, gateway: TestGateway, file: object, pooled?: number): Promise<void> {
  const { pool } = gateway.deps;
  const caller = startCaller(t, `${gateway.url}/x`);
  await until(() => caller.statuses.length > 0);
  const stop = watchLoop(t);
  const { result } = await gateway.reload(file);
  // What only the old routes needed is let go on the side.
  if (pooled !== undefined) await until(() => pool.size === pooled, { what: 'the end of what is not needed' });
  const longestMs = stop();
  await caller.stop();
  t.diagnostic(`${caller.statuses.length} calls; at most ${longestMs.toFixed(1)} ms of work in one go`);
  assert.equal(result, 'applied');
  assert.deepEqual(new Set(caller.statuses), new Set([200]));
  assert.ok(longestMs <= LONGEST_PAUSE_MS, `${longestMs} ms of work in one go`);
}

test('a thousand new routes come and go, and no request waits for long', async (t) => {
  const service = await startService(t);
  const steady = { prefix: '/x', target: service.url, ...OPEN };
  const gateway = await startGateway(t, { file: { routes: [steady] } });
  const { pool } = gateway.deps;
  const pooledByOne = pool.size;
  await reloadUnderLoad(t, gateway, { routes: [steady, ...manyRoutes(1)] });
  const pooledByMany = pool.size;
  for (const edit of [2, 3]) await reloadUnderLoad(t, gateway, { routes: [steady, ...manyRoutes(edit)] }, pooledByMany);
  await reloadUnderLoad(t, gateway, { routes: [steady] }, pooledByOne);
});

test('a thousand services come and go, and no request waits for long', async (t) => {
  const service = await startService(t);
  const steady = { prefix: '/x', target: service.url, ...OPEN };
  const gateway = await startGateway(t, { file: { routes: [steady] } });
  const file = (edit: number) => ({
    services: Object.fromEntries(
      Array.from({ length: ROUTES }, (_, i) => [`s${edit}-${i}`, { targets: [`http://127.0.0.1:9/${edit}/${i}`] }]),
    ),
    routes: [steady],
  });
  const { pool } = gateway.deps;
  const pooledByOne = pool.size;
  await reloadUnderLoad(t, gateway, file(1));
  await reloadUnderLoad(t, gateway, file(2));
  await reloadUnderLoad(t, gateway, { routes: [steady] }, pooledByOne);
});
