import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCallerLimits } from '../../../src/limits/caller-limits.ts';
import { MemoryCounter } from '../../../src/limits/memory-counter.ts';
import { RouteWindows } from '../../../src/limits/route-windows.ts';
import { planSchema, rateLimitSchema } from '../../../src/limits/schema.ts';
import { createContext, FakeClock } from '../../support/limits.ts';

test('a caller sees what is left in its plan and in the gateway, and looking costs nothing', async () => {
  const memory = new MemoryCounter(new FakeClock());
  const file = {
    rateLimits: [rateLimitSchema.parse({ limit: 1000, window: '1m', by: 'address' })],
    plans: {
      free: planSchema.parse({ rateLimits: [{ limit: 10, window: '1h' }] }),
      pro: planSchema.parse({ rateLimits: [{ limit: 500, window: '1h' }], quota: { limit: 90, period: 'day' } }),
    },
    defaultPlan: 'free',
  };
  const limits = {
    decide: () => undefined,
    reserve: () => undefined,
    forget: () => {},
    peek: (...call: Parameters<MemoryCounter['peek']>) => memory.peek(...call),
    usageOf: () => undefined,
    close: () => {},
  };
  const look = createCallerLimits(file, limits);
  const app = createContext({ consumer: 'app', plan: 'pro' });
  const windows = new RouteWindows(file, [rateLimitSchema.parse({ limit: 5, window: '1s' })], 'users');
  for (const step of [windows.atDoor, windows.of(app)]) memory.decide(step.windows, app, 2);
  for (let round = 0; round < 2; round++) {
    const { plan, limits: left } = await look(app);
    assert.equal(plan, 'pro');
    assert.deepEqual(
      left.map(({ policy, limit, remaining }) => [policy, limit, remaining]),
      [
        ['gateway-1m', 1000, 998],
        ['pro-1h', 500, 498],
        ['pro-day', 90, 88],
      ],
    );
  }
  const stranger = await look(createContext({ consumer: 'other', plan: 'gold', address: '198.51.100.7' }));
  assert.deepEqual([stranger.plan, stranger.limits[1]?.remaining], ['free', 10]);
});
