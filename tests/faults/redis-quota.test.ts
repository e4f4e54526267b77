import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { passed, StageBench } from '../support/limits.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';

const FILE = { plans: { pro: { quota: { limit: 30, period: 'month' } } }, defaultPlan: 'pro', routes: { users: {} } };

test(
  "a month's quota outlives the gateway and a killed Redis that persists, and refused calls use none of it",
  needsRedis,
  async (t) => {
    const server = await startRedisServer('--appendonly', 'yes', '--appendfsync', 'always');
    t.after(() => server.stop());

    async function callAsNewGateway(count: number): Promise<number> {
      const { link, until } = observeRedis(server.url, PATIENT);
      await until(true);
      const gateway = new StageBench({ clock: systemClock, redis: link });
      gateway.load(FILE);
      const outcomes = await gateway.calls(count, 'users', { consumer: 'app' });
      gateway.close();
      await link.close();
      return passed(outcomes);
    }

    assert.equal(await callAsNewGateway(20), 20);
    await server.kill();
    await server.start();
    assert.equal(await callAsNewGateway(25), 10);
    await server.kill();
    await server.start();
    assert.equal(await callAsNewGateway(25), 0);
  },
);
