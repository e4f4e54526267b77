import type { RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import type { Kind } from '../pool.ts';
import type { RedisLink } from '../redis/link.ts';
import type { Decision, WindowState } from './decision.ts';
import { createInstances, type Instances } from './instances.ts';
import { MemoryCounter } from './memory-counter.ts';
import { RedisCounter } from './redis-counter.ts';
import { type RouteUsage, UsageLedger } from './usage.ts';
import type { Window } from './window.ts';

/** All counts of this process. Lives in the pool under one key, so that no reload forgets a call. */
export interface Limits {
  /**
   * Counts a call in all its windows or in none. Undefined when the shared store can't count it and
   * `countLocally` is false.
   */
  decide(
    windows: readonly Window[],
    context: RequestContext,
    cost: number,
    countLocally: boolean,
  ): Decision | undefined | Promise<Decision | undefined>;
  /** What is left in each window; consumes nothing. */
  peek(windows: readonly Window[], context: RequestContext): WindowState[] | Promise<WindowState[]>;
  /** Forgets what a window has counted of one subject. */
  forget(window: Window, subject: string): void;
  /** Where the calls of a route are booked for the usage report; undefined without Redis. */
  usageOf(routeName: string): RouteUsage | undefined;
  close(): void;
}

export const limitsKind: Kind<Limits> = { name: 'limits', close: (limits) => limits.close() };

/** Counts in Redis where there is one, else in memory. */
export function createLimits(deps: Deps): Limits {
  if (deps.redis !== undefined) return new SharedLimits(deps, deps.redis);
  const memory = new MemoryCounter(deps.clock);
  return {
    decide: (windows, context, cost) => memory.decide(windows, context, cost),
    peek: (windows, context) => memory.peek(windows, context),
    forget: (window, subject) => memory.forget(window, subject),
    usageOf: () => undefined,
    close: () => {},
  };
}

const COMPLAIN_EVERY_MS = 60_000;

/**
 * Counts in Redis, and in this process while Redis doesn't answer: then each gateway grants the limit divided by the
 * gateways it last saw. Local counts begin empty and are forgotten when Redis is back.
 */
class SharedLimits implements Limits {
  readonly #deps: Deps;
  readonly #redis: RedisLink;
  readonly #shared: RedisCounter;
  readonly #memory: MemoryCounter;
  readonly #instances: Instances;
  readonly #usage: UsageLedger;
  readonly #stopListening: () => void;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: Deps, redis: RedisLink) {
    this.#deps = deps;
    this.#redis = redis;
    this.#shared = new RedisCounter(redis, deps.clock);
    this.#memory = new MemoryCounter(deps.clock);
    this.#instances = createInstances(redis);
    this.#usage = new UsageLedger(redis, deps.clock);
    deps.metrics.limiterStore.set(redis.isUp ? 1 : 0);
    this.#stopListening = redis.onChange((isUp) => deps.metrics.limiterStore.set(isUp ? 1 : 0));
  }

  decide(windows: readonly Window[], context: RequestContext, cost: number, countLocally: boolean) {
    if (!this.#redis.isUp) return countLocally ? this.#decideLocally(windows, context, cost) : undefined;
    return this.#shared.decide(windows, context, cost).catch((error: unknown) => {
      this.#complain(error);
      return countLocally ? this.#decideLocally(windows, context, cost) : undefined;
    });
  }

  async peek(windows: readonly Window[], context: RequestContext): Promise<WindowState[]> {
    if (this.#redis.isUp) {
      try {
        return await this.#shared.peek(windows, context);
      } catch (error) {
        this.#complain(error);
      }
    }
    return this.#memory.peek(windows, context, 1 / this.#instances.count);
  }

  forget(window: Window, subject: string): void {
    this.#memory.forget(window, subject);
    // What can't be forgotten while Redis is away expires with its window.
    this.#shared.forget(window, subject).catch((error: unknown) => this.#complain(error));
  }

  usageOf(routeName: string): RouteUsage {
    return this.#usage.route(routeName);
  }

  close(): void {
    this.#stopListening();
    this.#instances.close();
    this.#usage.close();
  }

  #decideLocally(windows: readonly Window[], context: RequestContext, cost: number): Decision {
    return this.#memory.decide(windows, context, cost, 1 / this.#instances.count);
  }

  /** A Redis that is down is told by its link, once. What is left is an error of the script: at most one line a minute. */
  #complain(error: unknown): void {
    const now = performance.now();
    if (!this.#redis.isUp || now - this.#complainedAtMs < COMPLAIN_EVERY_MS) return;
    this.#complainedAtMs = now;
    this.#deps.log.error('Redis refused to count a call; it was counted in this process', { error: String(error) });
  }
}
