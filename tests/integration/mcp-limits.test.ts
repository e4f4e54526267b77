import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { collect } from '../support/own-stages.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const KEY = createApiKey();
const CONSUMERS = [{ name: 'app', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }];
const FIXED = { window: '1h', algorithm: 'fixed' } as const;

async function start(t: TestContext, mcp: object, route: object = {}, env: Record<string, string> = {}) {
  const service = await startService(t);
  const one = { prefix: '/mcp', name: 'tools', target: service.url, auth: 'api-key', mcp, ...route };
  const gateway = await startGateway(t, { file: { consumers: CONSUMERS, routes: [one] }, env });
  return { gateway, service };
}

const message = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } });

const send = ({ url }: TestGateway, body: unknown): Promise<Answer> =>
  ask(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEY },
    body: JSON.stringify(body),
  });

const left = ({ headers }: Answer): number => Number(/;r=(\d+)/.exec(String(headers['ratelimit']))?.[1]);

test('a tool takes what it costs out of the windows of its caller, each call of a batch its own', async (t) => {
  const tools = { report: { cost: 30 }, '*': {} };
  const { gateway } = await start(t, { tools }, { rateLimits: [{ ...FIXED, limit: 100 }] });
  assert.equal(left(await send(gateway, message('search'))), 99);
  assert.equal(left(await send(gateway, message('report'))), 69);
  assert.equal(left(await send(gateway, [message('search'), message('search'), message('report')])), 37);
  assert.equal(left(await send(gateway, message('report'))), 7);
  const refused = await send(gateway, message('report'));
  assert.deepEqual([refused.status, refused.json.code], [429, 'rate_limited']);
});

test('a tool has limits of its own, apart from those of all others', async (t) => {
  const rateLimits = [{ ...FIXED, limit: 2 }];
  const { gateway, service } = await start(t, { tools: { report: { rateLimits }, 'x_*': { rateLimits }, '*': {} } });
  const statuses = async (...names: string[]): Promise<number[]> => {
    const answers: number[] = [];
    for (const name of names) answers.push((await send(gateway, message(name))).status);
    return answers;
  };
  assert.deepEqual(await statuses('report', 'report', 'report', 'search'), [200, 200, 429, 200]);
  // What begins alike counts together.
  assert.deepEqual(await statuses('x_a', 'x_b', 'x_c'), [200, 200, 429]);
  const batch = await send(gateway, [message('search'), message('report')]);
  assert.equal(batch.status, 429);
  assert.equal(service.requests.length, 5);
  const line = await gateway.line({ status: 429, operation: 'tools/call report' });
  assert.equal(line['code'], 'rate_limited');
});

test('in Redis the limit of a tool holds for all gateways', needsRedis, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const tools = { report: { rateLimits: [{ ...FIXED, limit: 3 }] }, '*': {} };
  const env = { REDIS_URL: server.url };
  const gateways = [await start(t, { tools }, {}, env), await start(t, { tools }, {}, env)].map(
    ({ gateway }) => gateway,
  );
  for (const gateway of gateways)
    await until(async () => (await gateway.metrics()).includes('turnpike_limiter_store_up 1'));
  const calls = [0, 1, 0, 1, 0, 1].map((at) => send(gateways[at] as TestGateway, message('report')));
  const passed = (await Promise.all(calls)).filter(({ status }) => status === 200);
  assert.equal(passed.length, 3);
});

test('what is only tried out, or only looked at, counts and changes nothing', async (t) => {
  const tools = { report: { rateLimits: [{ ...FIXED, limit: 1 }] }, drop: false } as const;
  const shadow = ['mcp', 'rateLimit', 'mcpLimit'];
  const { gateway, service } = await start(t, { tools }, { shadow, rateLimits: [{ ...FIXED, limit: 100 }] });
  assert.equal((await send(gateway, message('drop'))).status, 200);
  await gateway.line({ shadow: 'mcp:forbidden' });
  assert.equal(service.requests.length, 1);
  const headers = ['host', 'x', 'x-api-key', KEY, 'content-type', 'application/json'];
  const dry = await collect(gateway.gateway.inProcess, { method: 'POST', target: '/mcp', headers, dryRun: true });
  assert.ok(dry.context.trace?.some(({ decision }) => decision === 'looks at the body, which is not here'));
  assert.equal(service.requests.length, 1);
});

test('a route with a guard opens no WebSocket', async (t) => {
  const { gateway } = await start(t, { tools: { '*': {} } }, { websocket: true });
  const fields = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'x-api-key': KEY };
  const answer = await ask(`${gateway.url}/mcp`, {
    headers: { ...fields, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
  });
  assert.equal(answer.status, 403);
});

test('a route without it has no handler for it', async (t) => {
  const route = { target: 'http://localhost:1', auth: 'none' };
  const routes = [
    { ...route, prefix: '/a' },
    { ...route, prefix: '/b', mcp: { maxBatch: 1, methods: { '*': {} } } },
    { ...route, prefix: '/c', mcp: { tools: { a: { cost: 2 } } } },
  ];
  const { adminUrl } = await startGateway(t, { file: { routes } });
  const { json } = await ask(`${adminUrl}/routes`);
  const ofMcp = (name: string): readonly string[] =>
    json.find((one: { name: string }) => one.name === name).stages.filter((stage: string) => stage.startsWith('mcp'));
  assert.deepEqual([ofMcp('/a'), ofMcp('/b'), ofMcp('/c')], [[], ['mcp'], ['mcp', 'mcpLimit', 'mcpLists']]);
});
