import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { call, chat, KEY, startBefore, type TestModel, useModel } from '../support/model.ts';
import { needsRedis, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const PLANS = (limit: number) => ({
  free: {
    rateLimits: [{ limit, window: '1d', cost: 'tokens', name: 'day' }],
    quota: { limit: 10_000_000, period: 'month', cost: 'tokens' },
  },
});

interface Fleet {
  readonly model: TestModel;
  readonly gateways: readonly TestGateway[];
  readonly redis: RedisServer;
}

async function startFleet(t: TestContext, limit: number, wordMs = 1): Promise<Fleet> {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const model = await useModel(t, { wordMs });
  const start = () =>
    startBefore(t, {
      target: model.url,
      file: { plans: PLANS(limit) },
      env: { REDIS_URL: redis.url, MAX_IN_FLIGHT_PER_ADDRESS: '1000' },
    });
  const gateways = [await start(), await start()];
  for (const gateway of gateways) await until(() => isUp(gateway));
  return { model, gateways, redis };
}

async function isUp({ adminUrl }: TestGateway): Promise<boolean> {
  return (await ask(`${adminUrl}/state`)).json.redis === 'up';
}

/** What is left of both windows, day and month, as the gateway tells it. */
async function usedOf({ url }: TestGateway): Promise<readonly number[]> {
  const { json } = await ask(`${url}/-/me`, { headers: { 'x-api-key': KEY } });
  return json.limits.map(({ limit, remaining }: { limit: number; remaining: number }) => limit - remaining);
}

/** Asks for a stream, and leaves after so many events. */
function leaveAfter({ url }: TestGateway, body: object, events: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
  return new Promise((resolve) => {
    const req = request(`${url}/v1/chat/completions`, { method: 'POST', headers }, (res) => {
      let seen = 0;
      res.on('error', () => undefined);
      res.on('end', resolve);
      res.on('data', (chunk: Buffer) => {
        seen += chunk.toString().split('\n\n').length - 1;
        if (seen < events) return;
        req.destroy();
        resolve();
      });
    });
    req.on('error', () => resolve());
    req.end(JSON.stringify(body));
  });
}

const body = chat('one two three', { max_tokens: 60, stream: true });

test(
  '200 calls side by side through two gateways never use more than the limit, and nothing stays reserved',
  needsRedis,
  async (t) => {
    const { model, gateways } = await startFleet(t, 5000);
    const at = (index: number): TestGateway => gateways[index % 2] as TestGateway;
    const left: Promise<void>[] = [];
    const calls = Array.from({ length: 200 }, (_, index) => {
      if (index % 5 !== 0) return call(at(index), body);
      left.push(leaveAfter(at(index), body, 5));
      return undefined;
    });
    const answers = (await Promise.all(calls)).filter((answer) => answer !== undefined);
    await Promise.all(left);
    const statuses = new Set(answers.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [200, 429]);
    assert.ok(model.used() <= 5000, `${model.used()} tokens passed`);
    // The lines tell what was charged: all of it, and nothing else, is what both windows hold in the end.
    const lines = () => gateways.flatMap(({ accessLines }) => accessLines.map((line) => JSON.parse(line)));
    const ofModel = () => lines().filter(({ route }) => route === 'models');
    await until(() => ofModel().length === 200);
    const charged = ofModel().reduce((sum, { tokensIn = 0, tokensOut = 0 }) => sum + tokensIn + tokensOut, 0);
    assert.ok(charged > 0 && charged <= 5000, `${charged} charged`);
    for (const gateway of gateways) {
      await until(async () => (await usedOf(gateway)).every((used) => used === charged), {
        what: `${charged} in both windows`,
      });
    }
    // What was free again is there for the next one.
    while (5000 - (await usedOf(at(0)))[0]! > 200) assert.equal((await call(at(0), body)).status, 200);
    assert.ok(model.used() <= 5000);
  },
);

test('a Redis that is killed in the middle costs no answer, and keeps no reservation', needsRedis, async (t) => {
  const { model, gateways, redis } = await startFleet(t, 100_000, 4);
  const at = (index: number): TestGateway => gateways[index % 2] as TestGateway;
  const under = Array.from({ length: 40 }, (_, index) => call(at(index), body));
  for (const { adminUrl } of gateways) await until(async () => (await ask(`${adminUrl}/state`)).json.inFlight > 0);
  await redis.kill();
  const more = Array.from({ length: 40 }, (_, index) => call(at(index), body));
  const answers = await Promise.all([...under, ...more]);
  assert.ok(answers.every(({ status }) => status === 200));
  await redis.start();
  for (const gateway of gateways) await until(() => isUp(gateway));
  // It came back empty: nothing is used up there but what was told since, and none of it is a reservation.
  for (let index = 0; index < 4; index++) assert.equal((await call(at(index), body)).status, 200);
  const perCall = model.used() / model.calls();
  for (const gateway of gateways) {
    const [day = 0] = await usedOf(gateway);
    assert.ok(day <= 44 * perCall, `${day} used of the day`);
  }
});

test('what ends while Redis is frozen is settled there when it is back', needsRedis, async (t) => {
  const { model, gateways, redis } = await startFleet(t, 100_000, 3);
  const [gateway] = gateways as [TestGateway];
  const under = Array.from({ length: 10 }, () => call(gateway, body));
  await until(async () => ((await usedOf(gateway))[0] ?? 0) >= 600 || undefined);
  redis.freeze();
  await Promise.all(under);
  redis.thaw();
  await until(() => isUp(gateway));
  await until(async () => (await usedOf(gateway)).every((used) => used === model.used()), {
    what: `${model.used()} used`,
  });
});
