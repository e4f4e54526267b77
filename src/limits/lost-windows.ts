import type { RedisLink } from '../redis/link.ts';
import type { Knowledge } from './knowledge.ts';
import type { RedisCounter, UsedUp } from './redis-counter.ts';

/** Windows in one command: so many keep Redis busy for less than a millisecond. */
const STEP = 50;
/** Steps that may fail while Redis is there, before the rest is let go. */
const MAX_FAILURES = 4;

/**
 * Redis may come back empty. What this gateway knows to be used up is then used up there again, until the time that
 * Redis had told: before the next call of it is decided, and by and by for the other gateways. Where nothing was lost,
 * or another gateway was there before, that changes nothing.
 */
export class LostWindows {
  readonly #redis: RedisLink;
  readonly #counter: RedisCounter;
  readonly #knowledge: Knowledge;
  readonly #due = new Map<string, UsedUp>();
  /** When `#due` was collected, by `performance.now()`: from then on the times left run down. */
  #sinceMs = 0;
  #isSweeping = false;

  constructor(redis: RedisLink, counter: RedisCounter, knowledge: Knowledge) {
    this.#redis = redis;
    this.#counter = counter;
    this.#knowledge = knowledge;
  }

  /** False while there is nothing to put back, so that a call needs no look. */
  get isDue(): boolean {
    return this.#due.size > 0;
  }

  /** Puts one window back before a call of it is decided. */
  settle(key: string): void {
    const usedUp = this.#due.get(key);
    if (usedUp !== undefined) void this.#send([usedUp]);
  }

  /** A window that was forgotten on purpose is not put back. */
  forget(key: string): void {
    this.#due.delete(key);
  }

  /** Redis is back: all that is known is put back, in small steps. */
  async settleAll(): Promise<void> {
    this.#due.clear();
    this.#sinceMs = performance.now();
    for (const usedUp of this.#knowledge.usedUp()) this.#due.set(usedUp.key, usedUp);
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    let failures = 0;
    while (this.#due.size > 0 && this.#redis.isUp && failures < MAX_FAILURES) {
      if (!(await this.#send(this.#nextStep()))) failures += 1;
    }
    // When Redis has gone again, it is collected anew at its return.
    this.#due.clear();
    this.#isSweeping = false;
  }

  #nextStep(): UsedUp[] {
    const step: UsedUp[] = [];
    for (const usedUp of this.#due.values()) {
      step.push(usedUp);
      if (step.length === STEP) break;
    }
    return step;
  }

  /** False when it may not have arrived: then it is due again. */
  async #send(step: readonly UsedUp[]): Promise<boolean> {
    const goneMs = Math.ceil(performance.now() - this.#sinceMs);
    const lasting = step.map((usedUp) => ({ ...usedUp, leftMs: usedUp.leftMs - goneMs }));
    for (const { key } of step) this.#due.delete(key);
    const list = lasting.filter(({ leftMs }) => leftMs > 0);
    if (list.length === 0) return true;
    const sinceMs = this.#sinceMs;
    try {
      await this.#counter.useUp(list);
      return true;
    } catch {
      if (sinceMs === this.#sinceMs && this.#isSweeping) for (const usedUp of step) this.#due.set(usedUp.key, usedUp);
      return false;
    }
  }
}
