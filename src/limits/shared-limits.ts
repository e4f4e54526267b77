import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import { Complaints } from '../lib/complaints.ts';
import { RedisUnavailableError } from '../redis/in-flight.ts';
import type { RedisLink } from '../redis/link.ts';
import type { Decision, WindowState } from './decision.ts';
import { Holds } from './holds.ts';
import { createInstances, type Instances } from './instances.ts';
import { Knowledge } from './knowledge.ts';
import type { Limits } from './limits.ts';
import { LostWindows } from './lost-windows.ts';
import { MemoryCounter, type UsedElsewhere } from './memory-counter.ts';
import { QuotaLedger } from './quota-ledger.ts';
import { type Hold, RedisCounter } from './redis-counter.ts';
import { once, type Reservation, type Wanted } from './reservation.ts';
import { type RouteUsage, UsageLedger } from './usage.ts';
import type { Window } from './window.ts';

/**
 * Counts in Redis, and in this process while Redis doesn't answer: then each gateway grants what it knows to be left,
 * divided by the gateways it last saw. What passed so is booked into quotas when Redis is back.
 */
export class SharedLimits implements Limits {
  readonly #redis: RedisLink;
  readonly #shared: RedisCounter;
  readonly #memory: MemoryCounter;
  readonly #quotas: QuotaLedger;
  readonly #knowledge: Knowledge;
  readonly #lost: LostWindows;
  readonly #holds: Holds;
  readonly #usedElsewhere: UsedElsewhere;
  readonly #instances: Instances;
  readonly #usage: UsageLedger;
  readonly #stopListening: () => void;
  readonly #complaints: Complaints;

  constructor(deps: Deps, redis: RedisLink) {
    const { clock } = deps;
    this.#redis = redis;
    this.#complaints = new Complaints((...said) => void deps.log.error(...said));
    this.#shared = new RedisCounter(redis, clock, undefined, (...told) => this.#knowledge.learn(...told));
    this.#memory = new MemoryCounter(clock);
    this.#quotas = new QuotaLedger(redis, clock, (name) => this.#shared.prefixKey(name));
    this.#knowledge = new Knowledge(clock, this.#quotas);
    this.#lost = new LostWindows(redis, this.#shared, this.#knowledge);
    this.#holds = new Holds(redis, this.#shared, this.#knowledge);
    this.#usedElsewhere = {
      limitOf: (window, context, cost, share) =>
        this.#knowledge.limitOf(window, this.#keyOf(window, context), cost, share),
      waitMs: (window, context, cost) => this.#knowledge.waitMs(window, this.#keyOf(window, context), cost),
    };
    this.#instances = createInstances(redis);
    this.#usage = new UsageLedger(redis, clock);
    deps.metrics.limiterStore.set(redis.isUp ? 1 : 0);
    this.#stopListening = redis.onChange((isUp) => {
      deps.metrics.limiterStore.set(isUp ? 1 : 0);
      if (!isUp) return;
      void this.#quotas.settleAll();
      void this.#holds.settleAll();
      void this.#lost.settleAll();
    });
  }

  decide(windows: readonly Window[], context: RequestContext, cost: number, countLocally: boolean) {
    if (!this.#redis.isUp) return countLocally ? this.#decideLocally(windows, context, cost) : undefined;
    this.#settle(windows, context);
    return this.#shared.decide(windows, context, cost).catch((error: unknown) => {
      this.#complain(error);
      return countLocally ? this.#decideLocally(windows, context, cost, answerTo(error)) : undefined;
    });
  }

  reserve(windows: readonly Window[], context: RequestContext, wanted: Wanted, countLocally: boolean) {
    if (!this.#redis.isUp) return countLocally ? this.#reserveLocally(windows, context, wanted) : undefined;
    this.#settle(windows, context);
    const hold = this.#shared.holdOf(windows, context, randomUUID());
    return this.#shared.reserve(hold, wanted).then(
      ({ decision, reserved }) => ({
        decision,
        reserved,
        settle: once((used) => {
          if (decision.allowed)
            this.#holds.settle({ hold, reserved, used, onMissing: () => this.#book(windows, context, used) });
        }),
      }),
      (error: unknown) => {
        this.#complain(error);
        if (countLocally) return this.#reserveLocally(windows, context, wanted, hold);
        this.#holds.settle({ hold, reserved: undefined, used: 0 });
        return undefined;
      },
    );
  }

  async peek(windows: readonly Window[], context: RequestContext): Promise<WindowState[]> {
    if (this.#redis.isUp) {
      this.#settle(windows, context);
      try {
        return await this.#shared.peek(windows, context);
      } catch (error) {
        this.#complain(error);
      }
    }
    return this.#memory.peek(windows, context, 1 / this.#instances.count, this.#usedElsewhere);
  }

  forget(window: Window, subject: string): void {
    this.#memory.forget(window, subject);
    const key = this.#shared.keyOf(window, subject);
    this.#knowledge.forget(key);
    this.#lost.forget(key);
    // What can't be forgotten while Redis is away expires with its window.
    this.#shared.forget(window, subject).catch((error: unknown) => this.#complain(error));
  }

  usageOf(routeName: string): RouteUsage {
    return this.#usage.route(routeName);
  }

  close(): void {
    this.#stopListening();
    this.#holds.close();
    this.#instances.close();
    this.#usage.close();
  }

  /** `late` is the answer of Redis that came too late for this call, if it comes at all. */
  #decideLocally(
    windows: readonly Window[],
    context: RequestContext,
    cost: number,
    late?: Promise<unknown> | undefined,
  ): Decision {
    const decision = this.#memory.decide(windows, context, cost, 1 / this.#instances.count, this.#usedElsewhere);
    if (!decision.allowed || context.dryRun) return decision;
    for (const window of windows) {
      if (window.quota === undefined) continue;
      const subject = window.subject(context);
      const key = this.#shared.keyOf(window, subject);
      const add = (): void => this.#quotas.add(window, key, cost, () => this.#memory.forget(window, subject));
      if (late === undefined) add();
      // Where Redis has counted the call after all, it must not be booked again.
      else late.then((reply) => hasCounted(reply) || add(), add);
    }
    return decision;
  }

  /**
   * Of a quota, what was used is booked when that is known. `doubtful` is the hold that Redis may have after all: where it
   * does, what was used is counted there.
   */
  #reserveLocally(
    windows: readonly Window[],
    context: RequestContext,
    wanted: Wanted,
    doubtful?: Hold | undefined,
  ): Reservation {
    const share = 1 / this.#instances.count;
    const { decision, reserved, settle } = this.#memory.reserve(windows, context, wanted, share, this.#usedElsewhere);
    if (doubtful !== undefined && !decision.allowed)
      this.#holds.settle({ hold: doubtful, reserved: undefined, used: 0 });
    const settleBoth = (used: number): void => {
      settle(used);
      if (doubtful === undefined) this.#book(windows, context, used);
      else {
        const onMissing = (): void => this.#book(windows, context, used);
        this.#holds.settle({ hold: doubtful, reserved: undefined, used, onMissing });
      }
    };
    return { decision, reserved, settle: once(decision.allowed ? settleBoth : () => {}) };
  }

  /** Books into quotas what a call has used that Redis holds nothing for. */
  #book(windows: readonly Window[], context: RequestContext, used: number): void {
    if (used <= 0) return;
    for (const window of windows) {
      if (window.quota === undefined) continue;
      const subject = window.subject(context);
      const key = this.#shared.keyOf(window, subject);
      this.#quotas.add(window, key, used, () => this.#memory.forget(window, subject));
      if (this.#redis.isUp) this.#quotas.settle(key);
    }
  }

  /** Redis is told what it does not know of the windows of a call, before it decides about it. */
  #settle(windows: readonly Window[], context: RequestContext): void {
    if (!this.#quotas.isOwing && !this.#lost.isDue) return;
    for (const window of windows) {
      const key = this.#keyOf(window, context);
      if (window.quota === undefined) this.#lost.settle(key);
      else this.#quotas.settle(key);
    }
  }

  #keyOf(window: Window, context: RequestContext): string {
    return this.#shared.keyOf(window, window.subject(context));
  }

  /** A Redis that is down is told by its link, once. What is left is an error of the script. */
  #complain(error: unknown): void {
    if (!this.#redis.isUp || error instanceof RedisUnavailableError) return;
    this.#complaints.say('Redis refused to count a call; it was counted in this process', error);
  }
}

function answerTo(error: unknown): Promise<unknown> | undefined {
  return error instanceof RedisUnavailableError ? error.answer : undefined;
}

function hasCounted(reply: unknown): boolean {
  return Array.isArray(reply) && reply[0] === 1;
}
