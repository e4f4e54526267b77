import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../src/auth/api-key-format.ts';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { needsPrometheus, startPrometheus } from '../support/prometheus.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';
import { NOWHERE, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const RULES = path.resolve(import.meta.dirname, '../../deploy/prometheus/rules.yml');
/** So often Redis goes and comes back. */
const FLAPS = 3;

test('a dead target, a slow one, an expired key, a bad reload and a Redis that flaps each raise their alert', {
  skip: needsPrometheus.skip || needsRedis.skip,
  timeout: 120_000,
}, async (t) => {
  const redis = await startRedisServer();
  t.after(() => redis.stop());
  const well = await startService(t);
  const hangs = await startService(t, () => undefined);
  const expired = createApiKey();
  const keys = [{ id: 'k1', sha256: hashApiKey(expired), expiresAt: '2026-01-01T00:00:00Z' }];
  const gateway = await startGateway(t, {
    file: {
      consumers: [{ name: 'big-customer', keys }],
      services: {
        halfDead: { targets: [well.url, NOWHERE] },
        slow: { targets: [hangs.url] },
      },
      routes: [
        { prefix: '/half', service: 'halfDead', auth: 'none' },
        { prefix: '/slow', service: 'slow', auth: 'none', timeouts: { headers: '100ms' } },
        { prefix: '/keyed', target: well.url, auth: 'api-key', rateLimits: [{ limit: 1000, window: '1m' }] },
        { prefix: '/keyed-too', target: well.url, auth: 'api-key' },
      ],
    },
    env: { REDIS_URL: redis.url },
  });
  const prometheus = await startPrometheus(t, { turnpike: gateway.adminUrl }, RULES);
  const scrapes = async () => (await prometheus.query('sum by (job) (sum_over_time(up[5m]))')).get('turnpike') ?? 0;
  await until(async () => (await scrapes()) >= 2, { timeoutMs: 30_000, what: 'the first scrapes' });
  assert.deepEqual(await prometheus.alerts(), []);

  await gateway.reload({ routes: 'none' });
  for (let i = 0; i < FLAPS; i += 1) {
    await redis.kill();
    await until(() => gateway.deps.redis?.isUp === false, { timeoutMs: 10_000 });
    await redis.start();
    await until(() => gateway.deps.redis?.isUp === true, { timeoutMs: 20_000 });
  }
  const raised = async () => {
    await Promise.all(['/half/1', '/half/2', '/half/3', '/slow/1'].map((place) => ask(gateway.url + place)));
    for (const place of ['/keyed/1', '/keyed-too/1'])
      await ask(gateway.url + place, { headers: { 'x-api-key': expired } });
    const names = (await prometheus.alerts()).map(({ labels }) => labels['alertname']);
    const ofKey = names.filter((name) => name === 'TurnpikeKeyExpired');
    assert.ok(ofKey.length <= 1, 'one alert for the key, not one for each route');
    return new Set(names);
  };
  const expected = ['AttemptsFail', 'ServiceTimesOut', 'KeyExpired', 'ReloadRefused', 'RedisFlaps'];
  let missing = expected;
  await until(
    async () => {
      const seen = await raised();
      missing = expected.filter((name) => !seen.has(`Turnpike${name}`));
      return missing.length === 0;
    },
    { timeoutMs: 40_000 },
  ).catch(() => assert.fail(`no alert: ${missing.join(', ')}`));
});
