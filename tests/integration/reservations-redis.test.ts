import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCounter } from '../../src/limits/memory-counter.ts';
import { RedisCounter } from '../../src/limits/redis-counter.ts';
import { rateLimitSchema } from '../../src/limits/schema.ts';
import { compileWindow } from '../../src/limits/window.ts';
import { createContext, FakeClock } from '../support/limits.ts';
import { createRandom } from '../support/random.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';

test('Redis and memory decide and settle reservations alike, whatever comes', needsRedis, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const { link, until } = observeRedis(server.url, PATIENT);
  t.after(() => link.close());
  await until(true);
  const clock = new FakeClock();
  const shared = new RedisCounter(link, clock, () => String(clock.nowMs));
  const memory = new MemoryCounter(clock);
  const windows = [
    { limit: 1000, window: '10s' },
    { limit: 3000, window: '30s', algorithm: 'fixed' },
  ].map((options) =>
    compileWindow(rateLimitSchema.parse({ cost: 'tokens', ...options }), { kind: 'route', name: 'm' }, 'm'),
  );
  const context = createContext({ consumer: 'app' });
  const random = createRandom(7);
  const open: { settle: (used: number) => Promise<void> }[] = [];
  for (let step = 0; step < 400; step++) {
    clock.pass(Math.floor(random() * 900));
    if (random() < 0.5 && open.length > 0) {
      const [one] = open.splice(Math.floor(random() * open.length), 1);
      await one?.settle(Math.floor(random() * 500));
    } else {
      const least = 1 + Math.floor(random() * 200);
      const wanted = { least, most: least + Math.floor(random() * 200) };
      const hold = shared.holdOf(windows, context, `h${step}`);
      const taken = await shared.reserve(hold, wanted);
      const held = memory.reserve(windows, context, wanted);
      assert.deepEqual(
        [taken.decision.allowed, taken.reserved, taken.decision.remaining, taken.decision.policy],
        [held.decision.allowed, held.reserved, held.decision.remaining, held.decision.policy],
        `step ${step}`,
      );
      if (!held.decision.allowed) continue;
      open.push({
        async settle(used) {
          held.settle(used);
          assert.equal(await shared.settle(hold, used), true);
          assert.equal(await shared.settle(hold, 0), true, 'it counts once');
        },
      });
    }
    const told = (await shared.peek(windows, context)).map(({ remaining }) => remaining);
    assert.deepEqual(
      told,
      memory.peek(windows, context).map(({ remaining }) => remaining),
      `step ${step}`,
    );
  }
});
