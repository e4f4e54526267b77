import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/until.ts';

test('Redis that is down, and one that comes and goes, are told apart', needsRedis, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const service = await startService(t);
  const file = { routes: [{ prefix: '/a', target: service.url, auth: 'none' }] };
  const gateway = await startGateway(t, { file, redis: { url: redis.url, probeEveryMs: 50 } });
  const isUp = (wanted: boolean) => until(() => gateway.deps.redis?.isUp === wanted);
  const overview = async () => (await ask(`${gateway.adminUrl}/overview`)).json;
  await isUp(true);
  assert.deepEqual((await overview()).notices, []);
  await redis.kill();
  await isUp(false);
  const down = await overview();
  assert.equal(down.redis, 'down');
  assert.match(down.notices[0].text, /^Redis \(redis:\/\/127\.0\.0\.1:\d+\) is down since \d\d:\d\d UTC \(.+\): /);
  await redis.start();
  await isUp(true);
  await redis.kill();
  await isUp(false);
  await redis.start();
  await isUp(true);
  const { redisChanges, notices, redis: now } = await overview();
  assert.equal(now, 'up');
  assert.ok(redisChanges.lastTenMinutes >= 4);
  const changes: readonly { to: string; reason: string }[] = redisChanges.changes;
  assert.deepEqual(
    changes.slice(0, 4).map(({ to }) => to),
    ['up', 'down', 'up', 'down'],
  );
  assert.ok(changes.every(({ reason }) => reason !== ''));
  assert.match(
    notices[0].text,
    /^Redis \(.+\) is flapping: it went up or down \d+ times in the last 10 minutes, last lost at .+, and is up/,
  );
});
