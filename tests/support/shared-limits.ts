import type { TestContext } from 'node:test';
import { createLogger, transports } from 'winston';
import type { Deps } from '../../src/deps.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Limits } from '../../src/limits/limits.ts';
import type { Reservation, Wanted } from '../../src/limits/reservation.ts';
import { planSchema, rateLimitSchema } from '../../src/limits/schema.ts';
import { SharedLimits } from '../../src/limits/shared-limits.ts';
import { compilePlan, compileWindow, type Window } from '../../src/limits/window.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { RedisLink } from '../../src/redis/link.ts';
import { createContext } from './limits.ts';
import { type ObservedLink, observeRedis } from './redis-link.ts';
import type { RedisServer } from './redis-server.ts';

/** A machine under load must not make a call be counted locally while Redis is there. */
const STEADY = { commandTimeoutMs: 400, probeEveryMs: 20 };

/** The counts of one gateway that shares Redis, for tokens of one consumer, without a gateway around them. */
export interface SharedBench {
  readonly limits: Limits;
  readonly observed: ObservedLink;
  reserve(window: Window, wanted: Wanted): Promise<Reservation>;
  leftOf(window: Window): Promise<number>;
}

export function quotaOfTokens(limit: number): Window {
  const plan = planSchema.parse({ quota: { limit, period: 'month', cost: 'tokens' } });
  return compilePlan('free', plan, 'models')[0] as Window;
}

export function windowOfTokens(options: object): Window {
  const parsed = rateLimitSchema.parse({ window: '1h', cost: 'tokens', ...options });
  return compileWindow(parsed, { kind: 'route', name: 'models' }, 'models');
}

/** `wrap` may stand between the counts and Redis. */
export async function startSharedLimits(
  t: TestContext,
  { url }: RedisServer,
  wrap = (link: RedisLink): RedisLink => link,
): Promise<SharedBench> {
  const observed = observeRedis(url, STEADY);
  await observed.until(true);
  const log = createLogger({ transports: [new transports.Console({ silent: true })] });
  const deps = { clock: systemClock, metrics: createMetrics(), log } as unknown as Deps;
  const limits = new SharedLimits(deps, wrap(observed.link));
  t.after(async () => {
    limits.close();
    await observed.link.close();
  });
  const context = createContext({ consumer: 'app' });
  return {
    limits,
    observed,
    reserve: async (window, wanted) => (await limits.reserve([window], context, wanted, true)) as Reservation,
    leftOf: async (window) => (await limits.peek([window], context))[0]?.remaining ?? Number.NaN,
  };
}
