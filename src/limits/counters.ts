import type { Window } from './window.ts';

/**
 * What one window remembers of one caller. `window-script.ts` and `reserve-script.ts` say the same in Lua, step by step, so that a
 * caller meets the same decisions in memory and in Redis: change both, or neither.
 */
export interface Counter {
  /** The part or period that counts now, for `correct`. */
  readonly mark: number;
  /** When nothing is left to remember (epoch ms). */
  readonly expiresAtMs: number;
  /** Milliseconds until a call of this cost fits; 0 when it fits now. Changes nothing that counts. */
  waitMs(limit: number, cost: number, nowMs: number): number;
  /** Counts a call. */
  add(cost: number, nowMs: number): void;
  /**
   * Adds to what was counted under a mark, or takes from it. Nothing is taken from a part that has left its window, and
   * what is added to such a one counts now.
   */
  correct(mark: number, amount: number, nowMs: number): void;
  /** Whole calls that are left at this instant. */
  remaining(limit: number, nowMs: number): number;
  /** Milliseconds until the window is as good as new, if no call comes. */
  resetMs(nowMs: number): number;
}

export function createCounter(window: Window, nowMs: number): Counter {
  if (window.algorithm === 'sliding') return new SlidingCounter(window, nowMs);
  return window.algorithm === 'fixed' ? new FixedCounter(window, nowMs) : new BucketCounter(window);
}

/** Parts of a sliding window; one more is kept, for the part that is leaving. */
export const PARTS = 10;
const KEPT_PARTS = PARTS + 1;
/** The part that is leaving may forgive at most this share of the limit. */
export const MAX_FORGIVEN_RATIO = 0.1;

/**
 * A sliding window of ten parts and the one that is leaving it.
 *
 * The estimate is the sum of all, less the share of the leaving part that has left already, as if its calls had come
 * evenly. They may not have, so that share is capped at a tenth of the limit: the true count of any window, wherever
 * it lies, is then at most 1.1 times the limit.
 */
class SlidingCounter implements Counter {
  readonly #partMs: number;
  /** Calls by part, as a ring. */
  readonly #counts: number[] = new Array(KEPT_PARTS).fill(0);
  /** Number of the current part since the epoch, and its place in the ring. */
  #part: number;
  #place = 0;
  #total = 0;

  constructor(window: Window, nowMs: number) {
    this.#partMs = window.windowMs / PARTS;
    this.#part = Math.floor(nowMs / this.#partMs);
  }

  get expiresAtMs(): number {
    return (this.#part + KEPT_PARTS) * this.#partMs;
  }

  waitMs(limit: number, cost: number, nowMs: number): number {
    if (this.#estimate(limit, nowMs) + cost <= limit) return 0;
    // Walk through the parts as they will leave, until enough has been forgiven or is gone.
    let total = this.#total;
    for (let step = 0; step <= PARTS; step++) {
      const startsAtMs = (this.#part + step) * this.#partMs;
      const need = total + cost - limit;
      const leaving = this.#counts[(this.#place + 1 + step) % KEPT_PARTS] as number;
      if (need <= 0) return Math.max(1, startsAtMs - nowMs);
      if (need <= Math.min(leaving, limit * MAX_FORGIVEN_RATIO)) {
        return Math.max(1, startsAtMs + (need / leaving) * this.#partMs - nowMs);
      }
      total -= leaving;
    }
    return Math.max(1, this.expiresAtMs - nowMs);
  }

  add(cost: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#counts[this.#place] = (this.#counts[this.#place] as number) + cost;
    this.#total += cost;
  }

  get mark(): number {
    return this.#part;
  }

  correct(mark: number, amount: number, nowMs: number): void {
    this.#advance(nowMs);
    const age = this.#part - mark;
    const isThere = age >= 0 && age < KEPT_PARTS;
    if (!isThere && amount < 0) return;
    const place = (this.#place - (isThere ? age : 0) + KEPT_PARTS) % KEPT_PARTS;
    const before = this.#counts[place] as number;
    this.#counts[place] = Math.max(0, before + amount);
    this.#total += this.#counts[place] - before;
  }

  remaining(limit: number, nowMs: number): number {
    return Math.max(0, Math.floor(limit - this.#estimate(limit, nowMs)));
  }

  resetMs(): number {
    return this.#total === 0 ? 0 : this.#partMs * PARTS;
  }

  #estimate(limit: number, nowMs: number): number {
    this.#advance(nowMs);
    const leaving = this.#counts[(this.#place + 1) % KEPT_PARTS] as number;
    if (leaving === 0) return this.#total;
    const gone = Math.max(0, (nowMs - this.#part * this.#partMs) / this.#partMs);
    return this.#total - Math.min(leaving * gone, limit * MAX_FORGIVEN_RATIO);
  }

  #advance(nowMs: number): void {
    const part = Math.floor(nowMs / this.#partMs);
    // A clock that went back counts into the part it had reached.
    const steps = Math.min(part - this.#part, KEPT_PARTS);
    if (steps <= 0) return;
    for (let step = 0; step < steps; step++) {
      this.#place = (this.#place + 1) % KEPT_PARTS;
      this.#total -= this.#counts[this.#place] as number;
      this.#counts[this.#place] = 0;
    }
    this.#part = part;
  }
}

/** A window that begins anew at each period: clock-aligned, or a day or month of the calendar. */
class FixedCounter implements Counter {
  readonly #window: Window;
  #period: number;
  #used = 0;
  expiresAtMs: number;

  constructor(window: Window, nowMs: number) {
    const { number, endsAtMs } = window.period(nowMs);
    this.#window = window;
    this.#period = number;
    this.expiresAtMs = endsAtMs;
  }

  waitMs(limit: number, cost: number, nowMs: number): number {
    this.#advance(nowMs);
    return this.#used + cost <= limit ? 0 : Math.max(1, this.expiresAtMs - nowMs);
  }

  add(cost: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#used += cost;
  }

  get mark(): number {
    return this.#period;
  }

  correct(mark: number, amount: number, nowMs: number): void {
    this.#advance(nowMs);
    if (mark === this.#period || amount > 0) this.#used = Math.max(0, this.#used + amount);
  }

  remaining(limit: number, nowMs: number): number {
    this.#advance(nowMs);
    return Math.max(0, Math.floor(limit - this.#used));
  }

  resetMs(nowMs: number): number {
    return Math.max(0, this.expiresAtMs - nowMs);
  }

  #advance(nowMs: number): void {
    if (nowMs < this.expiresAtMs) return;
    const { number, endsAtMs } = this.#window.period(nowMs);
    if (number <= this.#period) return;
    this.#period = number;
    this.expiresAtMs = endsAtMs;
    this.#used = 0;
  }
}

/** Epoch milliseconds as a double are exact to a few ten-thousandths. */
const CLOCK_ERROR_MS = 0.001;

/**
 * A token bucket, kept as the one instant at which it will be full again (GCRA, ITU-T I.371): a call fits while that
 * instant is no further away than `burst` calls. What passes is what nginx's `limit_req burst=N nodelay` lets pass.
 */
class BucketCounter implements Counter {
  readonly #windowMs: number;
  readonly #burst: number;
  /** How far ahead of the clock the bucket may run: what `burst` calls take at the full rate. */
  readonly #aheadMs: number;
  readonly #limit: number;
  /** Milliseconds that one call takes at the rate last asked for. */
  #intervalMs: number;
  expiresAtMs = 0;
  readonly mark = 0;

  constructor({ windowMs, burst, limit }: Window) {
    this.#windowMs = windowMs;
    this.#burst = burst;
    this.#limit = limit;
    this.#intervalMs = windowMs / limit;
    this.#aheadMs = burst * this.#intervalMs + CLOCK_ERROR_MS;
  }

  waitMs(limit: number, cost: number, nowMs: number): number {
    this.#intervalMs = this.#windowMs / limit;
    const ownMs = (cost - 1) * this.#intervalMs;
    const aheadMs = Math.max(this.expiresAtMs, nowMs) + ownMs - nowMs;
    // A full bucket takes one call of any cost, also at the lower rate of a share.
    const mostMs = Math.max(this.#aheadMs, ownMs);
    return aheadMs <= mostMs ? 0 : Math.max(1, aheadMs - mostMs);
  }

  add(cost: number, nowMs: number): void {
    this.expiresAtMs = Math.max(this.expiresAtMs, nowMs) + cost * this.#intervalMs;
  }

  /** What is settled afterwards is never counted by a bucket: see `checkTokens`. */
  correct(): void {}

  remaining(limit: number, nowMs: number): number {
    const aheadMs = Math.max(0, this.expiresAtMs - nowMs - CLOCK_ERROR_MS);
    const burst = (this.#burst * limit) / this.#limit;
    return Math.max(0, Math.floor(burst + 1 - (aheadMs * limit) / this.#windowMs));
  }

  resetMs(nowMs: number): number {
    return Math.max(0, this.expiresAtMs - nowMs);
  }
}
