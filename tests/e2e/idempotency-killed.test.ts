import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { post, startOrders } from '../support/idempotency.ts';
import { startGatewayProcess } from '../support/process.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';
const LEASE_MS = 3000;

/** Two gateways with one Redis, of which the first is killed while its request waits at the service. */
async function killFirst(t: TestContext, idempotency: object) {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const orders = await startOrders(t);
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-idempotency-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const options = { lease: `${LEASE_MS}ms`, ...idempotency };
  const routes = [{ prefix: '/', target: orders.url, auth: 'none', idempotency: options }];
  writeFileSync(join(folder, 'routes.json'), JSON.stringify({ routes }));
  const env = { ROUTES_FILE: join(folder, 'routes.json'), REDIS_URL: redis.url };
  const [one, two] = await Promise.all([startGatewayProcess(t, { env }), startGatewayProcess(t, { env })]);
  for (const { url } of [one, two])
    await until(async () => (await post(url, `ready-${url}`).catch(() => undefined))?.status === 201);
  const ofKey = () => orders.requests.filter(({ path }) => path === '/slow').length;
  const first = post(`${one.url}/slow`, KEY);
  first.catch(() => undefined);
  await until(() => ofKey() === 1);
  one.signal('SIGKILL');
  await one.exited;
  const killedAtMs = performance.now();
  await assert.rejects(first);
  return { orders, two, ofKey, killedAtMs };
}

test(
  'a gateway killed in the middle: its key is closed for the lease, and then for one more request',
  needsRedis,
  async (t) => {
    const { orders, two, ofKey, killedAtMs } = await killFirst(t, {});
    const calls: ReturnType<typeof post>[] = [];
    await until(
      () => {
        calls.push(post(`${two.url}/slow`, KEY));
        return ofKey() === 2;
      },
      { timeoutMs: 20_000, everyMs: 50 },
    );
    // The lease was renewed before it was killed, a third of it ago at most.
    assert.ok(performance.now() - killedAtMs >= (LEASE_MS * 2) / 3 - 1000, 'nothing ran before the lease was over');
    for (let more = 0; more < 20; more++) calls.push(post(`${two.url}/slow`, KEY));
    await until(async () => {
      const settled = await Promise.all(calls.map((call) => Promise.race([call, undefined])));
      return settled.filter((answer) => answer === undefined).length === 1;
    });
    orders.release();
    const answers = await Promise.all(calls);
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const { status, json } of answers)
      if (status !== 201) assert.match(`${status} ${json.code}`, /^409 idempotency_/);
    assert.equal((await post(`${two.url}/slow`, KEY)).headers['idempotency-replayed'], 'true');
    assert.equal(ofKey(), 2);
  },
);

test('a route that refuses what was lost never runs it again', needsRedis, async (t) => {
  const { two, ofKey, killedAtMs } = await killFirst(t, { onLost: 'refuse' });
  const last = await until(
    async () => {
      const answer = await post(`${two.url}/slow`, KEY);
      assert.equal(answer.status, 409);
      return performance.now() - killedAtMs > LEASE_MS + 6000 && answer;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
  assert.equal(last.json.code, 'idempotency_unknown');
  assert.equal(ofKey(), 1);
});
