import type { Clock } from '../lib/clock.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { QuotaLedger } from './quota-ledger.ts';
import type { Told, UsedUp } from './redis-counter.ts';
import type { Window } from './window.ts';

/** Counters of one generation that are remembered; twice as many at most. */
const CAPACITY = 50_000;

/** What is used up for no longer than this is not worth putting back. */
const MIN_LEFT_MS = 100;

interface Known {
  window: Window;
  used: number;
  atMs: number;
  /** Until when Redis said that no call passes. */
  refusedUntilMs: number;
}

/**
 * What Redis last said of the windows that this gateway counts in. While Redis doesn't answer, a gateway grants its
 * share of what was left then, and nothing where nothing was left.
 */
export class Knowledge {
  readonly #clock: Clock;
  readonly #quotas: QuotaLedger;
  readonly #known = new RecentMap<string, Known>(CAPACITY);

  constructor(clock: Clock, quotas: QuotaLedger) {
    this.#clock = clock;
    this.#quotas = quotas;
  }

  learn(window: Window, key: string, what: Told): void {
    if (window.quota !== undefined) {
      this.#quotas.learn(window, key, what);
      return;
    }
    const nowMs = this.#clock.now();
    const { told, held } = what;
    // What is only held may be given back at any time: that nothing is left now is no knowledge of use.
    const refusedMs = held > 0 ? 0 : what.refusedMs;
    const used = Math.max(0, window.limit - told);
    const refusedUntilMs = refusedMs === 0 ? 0 : nowMs + refusedMs;
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { window, used, atMs: nowMs, refusedUntilMs });
      return;
    }
    known.window = window;
    known.used = used;
    known.atMs = nowMs;
    known.refusedUntilMs = refusedUntilMs;
  }

  /** What Redis has not been told yet: so much more is used, or less. */
  correct(window: Window, key: string, amount: number): void {
    if (window.quota !== undefined) this.#quotas.correct(key, amount);
    const known = this.#known.get(key);
    if (known !== undefined) known.used = Math.max(0, known.used + amount);
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** The windows of which nothing is left, as far as Redis has told, quotas aside. */
  *usedUp(): Generator<UsedUp> {
    const nowMs = this.#clock.now();
    for (const [key, { window, used, refusedUntilMs }] of this.#known.entries()) {
      const leftMs = Math.floor(refusedUntilMs - nowMs);
      if (used >= window.limit && leftMs >= MIN_LEFT_MS) yield { window, key, leftMs };
    }
  }

  /**
   * The limit that this gateway may grant by itself: its share of what is left, but never less than one call of any
   * cost, unless that is more than what is left: then 0.
   */
  limitOf(window: Window, key: string, cost: number, share: number): number {
    const left = window.limit - this.#usedOf(window, key);
    return left < cost ? 0 : Math.max(cost, Math.floor(left * share));
  }

  /** Milliseconds until a window of which nothing is left may have something again. */
  waitMs(window: Window, key: string, cost: number): number {
    const nowMs = this.#clock.now();
    if (window.quota !== undefined) return Math.max(1, window.period(nowMs).endsAtMs - nowMs);
    const known = this.#known.get(key);
    if (known === undefined) return 1;
    const refusedMs = known.refusedUntilMs - nowMs;
    if (refusedMs > 0) return refusedMs;
    if (window.algorithm === 'fixed') return Math.max(1, window.period(nowMs).endsAtMs - nowMs);
    // What must have left, as a share of what was used.
    const usable = Math.max(0, window.limit - cost);
    return Math.max(1, known.atMs + window.windowMs * (1 - usable / known.used) - nowMs);
  }

  #usedOf(window: Window, key: string): number {
    if (window.quota !== undefined) return this.#quotas.usedOf(key);
    const known = this.#known.get(key);
    if (known === undefined) return 0;
    const nowMs = this.#clock.now();
    if (known.refusedUntilMs > nowMs) return window.limit;
    // A bucket fills so fast that only a refusal is worth remembering.
    if (window.algorithm === 'token-bucket') return 0;
    if (window.algorithm === 'fixed') {
      return window.period(nowMs).number === window.period(known.atMs).number ? known.used : 0;
    }
    // A sliding window forgets evenly, as far as this gateway can tell.
    return Math.ceil(known.used * Math.max(0, 1 - (nowMs - known.atMs) / window.windowMs));
  }
}
