import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { runUsage } from '../../src/cli/usage.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { collect } from '../support/own-stages.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const KEY = createApiKey();
const CONSUMERS = [{ name: 'app', plan: 'free', keys: [{ id: 'k1', sha256: hashApiKey(KEY) }] }];

interface Setting {
  readonly graphql?: object;
  readonly route?: object;
  readonly file?: object;
  readonly env?: Record<string, string>;
}

async function start(t: TestContext, { graphql = {}, route = {}, file = {}, env = {} }: Setting): Promise<TestGateway> {
  const service = await startService(t);
  const guarded = { prefix: '/graphql', name: 'graph', target: service.url, auth: 'api-key' };
  const one = { ...guarded, graphql: { chargeCost: true, ...graphql }, ...route };
  return startGateway(t, { file: { consumers: CONSUMERS, plans: { free: {} }, routes: [one], ...file }, env });
}

/** A query of this cost. */
const ofCost = (cost: number): string => (cost === 1 ? '{ a }' : `{ a { b(first: ${cost - 1}) } }`);

const send = ({ url }: TestGateway, query: string): Promise<Answer> =>
  ask(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEY },
    body: JSON.stringify({ query }),
  });

/** The usage report, once both gateways have sent what they counted. */
async function usageOf(url: string): Promise<readonly object[] | undefined> {
  let told = '';
  const out = (text: string): void => {
    told += text;
  };
  await runUsage(['--format', 'json'], { out, err: () => undefined, env: { REDIS_URL: url } });
  const rows = JSON.parse(told).rows as readonly { calls: number }[];
  return rows[0]?.calls === 4 ? rows : undefined;
}

const left = ({ headers }: Answer): number => Number(/;r=(\d+)/.exec(String(headers['ratelimit']))?.[1]);

test('a query takes what it costs out of every window of its caller, and what is refused takes one call', async (t) => {
  const rateLimits = [{ limit: 100, window: '1h', algorithm: 'fixed' }];
  const gateway = await start(t, { route: { rateLimits } });
  const first = await send(gateway, ofCost(30));
  assert.deepEqual([first.status, left(first)], [200, 70]);
  assert.equal(left(await send(gateway, ofCost(1))), 69);
  const refused = await send(gateway, ofCost(70));
  assert.deepEqual([refused.status, refused.json.code], [429, 'rate_limited']);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal(left(await send(gateway, ofCost(67))), 1);
});

test('windows of the plan, the route and the whole gateway are charged together', async (t) => {
  const fixed = { window: '1h', algorithm: 'fixed' } as const;
  const gateway = await start(t, {
    route: { rateLimits: [{ ...fixed, limit: 90, name: 'route' }] },
    file: {
      plans: { free: { rateLimits: [{ ...fixed, limit: 80 }], quota: { limit: 1000, period: 'day' } } },
      rateLimits: [{ ...fixed, limit: 50, by: 'address', name: 'door' }],
    },
  });
  const answer = await send(gateway, ofCost(40));
  assert.equal(answer.headers['ratelimit']?.toString().split(';')[0], '"door"');
  assert.equal(left(answer), 10);
  const me = await ask(`${gateway.url}/-/me`, { headers: { 'x-api-key': KEY } });
  const remaining = Object.fromEntries(
    me.json.limits.map((one: Record<string, unknown>) => [one['policy'], one['remaining']]),
  );
  assert.deepEqual(remaining, { door: 10, 'free-1h': 40, 'free-day': 960 });
  assert.equal((await send(gateway, ofCost(11))).status, 429);
});

for (const algorithm of ['sliding', 'token-bucket'] as const) {
  test(`${algorithm}: a query passes where a call of that cost would`, async (t) => {
    const burst = algorithm === 'token-bucket' ? { burst: 99 } : {};
    const gateway = await start(t, { route: { rateLimits: [{ limit: 100, window: '1d', algorithm, ...burst }] } });
    const first = await send(gateway, ofCost(60));
    assert.deepEqual([first.status, left(first)], [200, 40]);
    assert.equal((await send(gateway, ofCost(41))).status, 429);
    const last = await send(gateway, ofCost(39));
    assert.deepEqual([last.status, left(last)], [200, 0]);
  });
}

test('a number says how much of the cost is one call, and what a call costs anyway is not charged twice', async (t) => {
  const rateLimits = [{ limit: 100, window: '1h', algorithm: 'fixed' }];
  const gateway = await start(t, { graphql: { chargeCost: 10 }, route: { rateLimits, cost: 2 } });
  assert.equal(left(await send(gateway, ofCost(7))), 98);
  assert.equal(left(await send(gateway, ofCost(20))), 96);
  assert.equal(left(await send(gateway, ofCost(41))), 91);
});

test('a query that could never pass is told so, and not to wait', async (t) => {
  const gateway = await start(t, { route: { rateLimits: [{ limit: 20, window: '1h', name: 'small' }] } });
  const { status, json } = await send(gateway, ofCost(21));
  assert.deepEqual([status, json.code], [400, 'query_refused']);
  assert.match(json.detail, /costs 21 calls: "small" never takes more than 20/);
  assert.equal((await send(gateway, ofCost(19))).status, 200);
});

test('without chargeCost a query is one call, whatever it costs', async (t) => {
  const rateLimits = [{ limit: 10, window: '1h' }];
  const gateway = await start(t, { graphql: { chargeCost: false }, route: { rateLimits } });
  assert.equal(left(await send(gateway, ofCost(500))), 9);
});

test('many at once take exactly what they cost', async (t) => {
  const rateLimits = [{ limit: 100, window: '1h', algorithm: 'fixed' }];
  const gateway = await start(t, { route: { rateLimits } });
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(gateway, ofCost(15))));
  const passed = answers.filter(({ status }) => status === 200).length;
  // Each one that is refused has been counted as the one call that it was.
  assert.equal(passed, 6);
  assert.equal(answers.filter(({ status }) => status === 429).length, 6);
});

test('an explanation charges nobody, and a trial refuses nobody', async (t) => {
  const rateLimits = [{ limit: 10, window: '1h' }];
  const gateway = await start(t, { route: { rateLimits, auth: 'none', shadow: ['rateLimit', 'graphqlCost'] } });
  const target = `/graphql?query=${encodeURIComponent(ofCost(5))}`;
  const dry = await collect(gateway.gateway.inProcess, { method: 'GET', target, headers: ['host', 'x'], dryRun: true });
  assert.ok(dry.context.trace?.some(({ stage }) => stage === 'graphqlCost'));
  const tried = await send(gateway, ofCost(8));
  assert.deepEqual([tried.status, tried.headers['ratelimit']], [200, undefined]);
  assert.equal((await send(gateway, ofCost(8))).status, 200);
  const line = await gateway.line({ shadow: 'graphqlCost:rate_limited' });
  assert.equal(line.status, 200);
});

test(
  'in Redis it is counted for all gateways, and the usage report has the calls and what they cost',
  needsRedis,
  async (t) => {
    const server = await startRedisServer();
    t.after(() => server.stop());
    const setting = {
      route: { rateLimits: [{ limit: 100, window: '1h', algorithm: 'fixed' }] },
      env: { REDIS_URL: server.url },
    };
    const [one, other] = [await start(t, setting), await start(t, setting)];
    await until(async () => (await one.metrics()).includes('turnpike_limiter_store_up 1'));
    await until(async () => (await other.metrics()).includes('turnpike_limiter_store_up 1'));
    assert.equal(left(await send(one, ofCost(30))), 70);
    assert.equal(left(await send(other, ofCost(40))), 30);
    assert.equal((await send(one, ofCost(31))).status, 429);
    assert.equal(left(await send(other, ofCost(20))), 9);
    const rows = await until(() => usageOf(server.url), { timeoutMs: 15_000, what: 'the usage report' });
    assert.deepEqual(rows, [
      {
        consumer: 'app',
        route: 'graph',
        calls: 4,
        cost: 91,
        refused: 1,
        tokensIn: 0,
        tokensOut: 0,
        tokensEstimated: 0,
      },
    ]);
  },
);
