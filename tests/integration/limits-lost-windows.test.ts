import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisCounter, type Told } from '../../src/limits/redis-counter.ts';
import { rateLimitSchema } from '../../src/limits/schema.ts';
import { compileWindow, type Window } from '../../src/limits/window.ts';
import { createContext, FakeClock } from '../support/limits.ts';
import { createRandom } from '../support/random.ts';
import { observeRedis, PATIENT } from '../support/redis-link.ts';
import { needsRedis, startRedisServer } from '../support/redis-server.ts';

const compile = (options: object): Window =>
  compileWindow(rateLimitSchema.parse({ window: '10s', ...options }), { kind: 'route', name: 'r' }, 'r');
/** What a sliding window may lose of the time that was told: a part. */
const PART_MS = 1000;
const WINDOWS: readonly (readonly [Window, toleranceMs: number])[] = [
  [compile({ limit: 5 }), PART_MS],
  [compile({ limit: 40 }), PART_MS],
  [compile({ limit: 40, algorithm: 'fixed' }), 2],
  [compile({ limit: 10, algorithm: 'token-bucket', burst: 9 }), 2],
];

test('a lost window is used up for as long as Redis had told, and never for longer', needsRedis, async (t) => {
  const server = await startRedisServer();
  t.after(() => server.stop());
  const observed = observeRedis(server.url, PATIENT);
  t.after(() => observed.link.close());
  await observed.until(true);
  const clock = new FakeClock();
  const random = createRandom(7);
  const below = (end: number): number => Math.floor(random() * end);
  let told: Told = { told: 0, refusedMs: 0, booked: 0, held: 0 };
  let key = '';
  const counter = new RedisCounter(
    observed.link,
    clock,
    () => String(clock.nowMs),
    (...learnt) => {
      [, key, told] = learnt;
    },
  );
  const context = createContext({ consumer: 'app' });
  const isAllowedAt = async (window: Window, atMs: number): Promise<boolean> => {
    clock.nowMs = atMs;
    return (await counter.decide([window], createContext({ consumer: 'app', dryRun: true }), 1)).allowed;
  };
  for (const [window, toleranceMs] of WINDOWS) {
    for (let times = 0; times < 40; times++) {
      await counter.forget(window, window.subject(context));
      // Calls come in lumps or one by one, until nothing is left.
      const longestMs = 1 + below(150);
      while ((await counter.decide([window], context, 1)).remaining > 0) clock.pass(below(longestMs));
      clock.pass(below(Math.min(told.refusedMs, 500)));
      await counter.decide([window], context, 1);
      if (told.refusedMs < 100) continue;
      const { refusedMs } = told;
      const untilMs = clock.nowMs + refusedMs;
      await counter.forget(window, window.subject(context));
      await counter.useUp([{ window, key, leftMs: refusedMs }]);
      const where = `${window.id} ${times}: told ${refusedMs}`;
      assert.equal(await isAllowedAt(window, untilMs + 1), true, `${where}, passes`);
      const beforeMs = untilMs - toleranceMs - 1;
      if (beforeMs > untilMs - refusedMs) assert.equal(await isAllowedAt(window, beforeMs), false, where);
    }
  }
});
