import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Agent } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, ask } from '../support/http.ts';
import { PATIENT } from '../support/redis-link.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { closedPort } from '../support/service.ts';

const GATEWAYS = 4;
const KEYS = { app: createApiKey(), other: createApiKey() };
const ALGORITHMS = ['sliding', 'fixed', 'token-bucket'] as const;
const HOUR = 50;
const SECOND = 20;
const QUOTA = 200;

/** Each route has a window of a second and one of an hour; the plan's month counts over all of them. */
const FILE = {
  consumers: Object.entries(KEYS).map(([name, key]) => ({ name, keys: [{ id: 'k1', sha256: hashApiKey(key) }] })),
  plans: { pro: { quota: { limit: QUOTA, period: 'month' } } },
  defaultPlan: 'pro',
  routes: [
    ...ALGORITHMS.map((algorithm) => {
      const burst = algorithm === 'token-bucket' ? { burst: SECOND - 1 } : {};
      const second = { limit: SECOND, window: '1s', algorithm, name: 'second', ...burst };
      const hour = { limit: HOUR, window: '1h', name: 'hour' };
      return { prefix: `/${algorithm}`, respond: { status: 204 }, rateLimits: [second, hour] };
    }),
    { prefix: '/free', name: 'free', respond: { status: 204 } },
  ],
};

type Fleet = readonly TestGateway[];

async function startFleet(t: TestContext, redis: RedisServer): Promise<Fleet> {
  const link = { ...PATIENT, url: redis.url };
  return Promise.all(Array.from({ length: GATEWAYS }, () => startGateway(t, { file: FILE, redis: link })));
}

/** Calls at once, dealt out over the fleet; how many were let through, and how long all took. */
async function burst(fleet: Fleet, path: string, count: number, key = KEYS.app) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const startedAtMs = performance.now();
  const call = (index: number): Promise<Answer> =>
    ask(`${fleet[index % fleet.length]?.url}${path}`, { headers: { 'x-api-key': key }, agent, timeoutMs: 30_000 });
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => call(index)));
  agent.destroy();
  const statuses = new Set(answers.map(({ status }) => status));
  assert.ok(
    [...statuses].every((status) => status === 204 || status === 429),
    [...statuses].join(),
  );
  const passed = answers.filter(({ status }) => status === 204).length;
  return { passed, seconds: (performance.now() - startedAtMs) / 1000 };
}

/** What the plan's month has left, looked at without counting. */
async function leftOfMonth(gateway: TestGateway | undefined, key = KEYS.app): Promise<number> {
  const { json } = await ask(`${gateway?.url}/-/me`, { headers: { 'x-api-key': key } });
  return json.limits[0].remaining;
}

for (const algorithm of ALGORITHMS) {
  test(`over four gateways a second and an hour hold exactly: ${algorithm}`, needsRedis, async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const fleet = await startFleet(t, redis);
    const first = await burst(fleet, `/${algorithm}`, 120);
    assert.ok(first.passed >= SECOND, `only ${first.passed} passed`);
    // Where the burst took longer than a second, so much more may pass: the windows that it touched.
    const windows = algorithm === 'fixed' ? Math.ceil(first.seconds) + 1 : 1.1 + first.seconds;
    assert.ok(first.passed <= SECOND * windows, `${first.passed} passed in ${first.seconds} s`);
    assert.equal(await leftOfMonth(fleet[0]), QUOTA - first.passed, 'calls that the second refused used no quota');
    let passed = first.passed;
    while (passed < HOUR) passed += (await burst(fleet, `/${algorithm}`, 40)).passed;
    assert.equal(passed, HOUR);
    assert.equal((await burst(fleet, `/${algorithm}`, 40)).passed, 0, 'the hour is used up');
    assert.equal(await leftOfMonth(fleet[3]), QUOTA - HOUR, 'calls that the hour refused used no quota');
    assert.equal(await leftOfMonth(fleet[1], KEYS.other), QUOTA, 'another consumer has its own');
  });
}

test('the month outlives killed gateways and a killed Redis, and the usage report adds up', needsRedis, async (t) => {
  const redis = await startRedisServer('--appendonly', 'yes', '--appendfsync', 'always');
  t.after(() => redis.stop());
  const before = await startFleet(t, redis);
  assert.equal((await burst(before, '/free', 120)).passed, 120);
  assert.equal((await burst(before, '/free', 8, KEYS.other)).passed, 8);
  for (const gateway of before) await gateway.close();
  await redis.kill();
  await redis.start();
  const after = await startFleet(t, redis);
  assert.equal(await leftOfMonth(after[2]), QUOTA - 120);
  assert.equal((await burst(after, '/free', 120)).passed, QUOTA - 120);
  for (const gateway of after) await gateway.close();

  const usage = (...argv: string[]) => {
    const env = { PATH: process.env['PATH'], REDIS_URL: redis.url };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['src/start.cjs', 'usage', ...argv], { env });
    assert.equal(status, 0, String(stderr));
    return String(stdout);
  };
  const expected = ['app,free,200,200,40,0,0,0', 'other,free,8,8,0,0,0,0'];
  assert.deepEqual(usage().trim().split('\r\n'), [
    'consumer,route,calls,cost,refused,tokensIn,tokensOut,tokensEstimated',
    ...expected,
  ]);
  const { rows } = JSON.parse(usage('--format', 'json')) as { rows: object[] };
  assert.deepEqual(
    rows.map((row) => Object.values(row).join()),
    expected,
  );
});

test(
  'a gateway knows what is used up before it answers its first call, and starts without Redis',
  needsRedis,
  async (t) => {
    const redis = await startRedisServer();
    t.after(() => redis.stop());
    const env = { REDIS_URL: redis.url };
    const first = await startGateway(t, { file: FILE, env });
    const { passed } = await burst([first], '/free', 10);
    const second = await startGateway(t, { file: FILE, env });
    assert.equal(await leftOfMonth(second), QUOTA - passed);

    const startedAtMs = performance.now();
    const alone = await startGateway(t, { file: FILE, env: { REDIS_URL: `redis://127.0.0.1:${await closedPort()}` } });
    assert.ok(performance.now() - startedAtMs < 2000, 'it waits for half a second, and then goes on');
    assert.equal((await burst([alone], '/free', 5)).passed, 5);
  },
);
