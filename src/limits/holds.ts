import type { RedisLink } from '../redis/link.ts';
import type { Knowledge } from './knowledge.ts';
import type { Hold, RedisCounter } from './redis-counter.ts';

/** Settlements that wait for Redis; beyond them the oldest go, and what they held counts as used. */
const MAX_OWED = 10_000;
/** Sent at once when Redis is back: so many keep it busy for a few milliseconds. */
const STEP = 50;
/** After one that failed although Redis is there. */
const AGAIN_MS = 1_000;

/** How a hold ends. */
export interface Settlement {
  readonly hold: Hold;
  /** Of which so much was reserved; undefined where nobody knows whether it was. */
  readonly reserved: number | undefined;
  readonly used: number;
  /** Done where Redis turns out to have no such hold. */
  readonly onMissing?: (() => void) | undefined;
}

/**
 * The reservations that Redis keeps, and how they end there. One that can't be settled, since Redis is away, is settled
 * when it is back: it is known there by its own name, so that it counts once however often that is sent.
 */
export class Holds {
  readonly #redis: RedisLink;
  readonly #counter: RedisCounter;
  readonly #knowledge: Knowledge;
  readonly #owed = new Map<string, Settlement>();
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  constructor(redis: RedisLink, counter: RedisCounter, knowledge: Knowledge) {
    this.#redis = redis;
    this.#counter = counter;
    this.#knowledge = knowledge;
  }

  /** Settlements that Redis has not confirmed. */
  get owed(): number {
    return this.#owed.size;
  }

  settle(settlement: Settlement): void {
    if (!this.#redis.isUp) {
      this.#owe(settlement);
      return;
    }
    this.#send(settlement).catch(() => {
      this.#owe(settlement);
      this.#sendLater();
    });
  }

  /** Redis is back: all that is owed to it is sent, in small steps. */
  async settleAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#owed.size > 0 && this.#redis.isUp) {
        const step = [...this.#owed].slice(0, STEP);
        await Promise.all(step.map(([key, one]) => this.#send(one).then(() => this.#owed.delete(key))));
      }
    } catch {
      this.#sendLater();
    }
    this.#isSending = false;
  }

  close(): void {
    clearTimeout(this.#timer);
    void this.settleAll();
  }

  async #send({ hold, used, onMissing }: Settlement): Promise<void> {
    if (!(await this.#counter.settle(hold, used))) onMissing?.();
  }

  /** Until Redis knows, this gateway does: what it grants by itself, and what it puts back, goes by that. */
  #owe(settlement: Settlement): void {
    const { hold, reserved, used } = settlement;
    if (reserved !== undefined) {
      for (const [i, window] of hold.windows.entries()) {
        this.#knowledge.correct(window, hold.counters[i] as string, used - reserved);
      }
    }
    this.#owed.set(hold.key, settlement);
    const [oldest] = this.#owed.keys();
    if (this.#owed.size > MAX_OWED && oldest !== undefined) this.#owed.delete(oldest);
  }

  #sendLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.settleAll(), AGAIN_MS).unref();
  }
}
