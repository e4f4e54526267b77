import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from '../redis/link.ts';
import { BOOK_SCRIPT } from './book-script.ts';
import type { Told } from './redis-counter.ts';
import type { Window } from './window.ts';

/** More callers than these are not remembered. */
const MAX_ENTRIES = 100_000;
/** Bookings sent at once when Redis is back: so many keep it busy for about a millisecond. */
const STEP = 50;

interface Booking {
  /** The same however often it is sent: it is counted once. */
  readonly id: string;
  readonly amount: number;
}

interface Entry {
  readonly window: Window;
  readonly period: number;
  readonly endsAtMs: number;
  /** What Redis last said is used. */
  used: number;
  /** The same without what was only held by reservations: that was not lost with Redis. */
  settled: number;
  booked: number;
  /** What passed here and is not booked. */
  local: number;
  /** Called when that is sent: from then on it counts as used. */
  onSent: (() => void) | undefined;
  /** What was sent to be booked and is not confirmed. */
  booking: Booking | undefined;
  /** True while Redis has to be told: what is to be booked, or what it may have lost. */
  isDue: boolean;
}

/**
 * What this gateway knows of the quotas of its callers while Redis is away, and owes Redis when it is back: what passed
 * here is booked, and what was used before is put back, should Redis have started anew.
 */
export class QuotaLedger {
  readonly #redis: RedisLink;
  readonly #clock: Clock;
  readonly #keyOf: (name: string) => string;
  readonly #entries = new Map<string, Entry>();
  #due = 0;
  #isSweeping = false;

  /** `keyOf` makes the key in Redis of a counter's name. */
  constructor(redis: RedisLink, clock: Clock, keyOf: (name: string) => string) {
    this.#redis = redis;
    this.#clock = clock;
    this.#keyOf = keyOf;
  }

  /** Redis said how much is used, how much of that was booked, and how much is only held by reservations. */
  learn(window: Window, key: string, { told, booked, held }: Told): void {
    const entry = this.#entryOf(window, key);
    entry.used = told;
    entry.settled = told - held;
    entry.booked = booked;
  }

  /** What was reserved turned out to be so much more, or less, and Redis has not been told. */
  correct(key: string, amount: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#isCurrent(entry)) entry.used = Math.max(entry.booked, entry.used + amount);
  }

  /** How much of the quota is known to be used, without what passed here since. */
  usedOf(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#isCurrent(entry)) return 0;
    return entry.used + (entry.booking?.amount ?? 0);
  }

  /** A call passed here that Redis has not counted. `onSent` is called when it counts as used elsewhere. */
  add(window: Window, key: string, cost: number, onSent: () => void): void {
    const entry = this.#entryOf(window, key);
    entry.local += cost;
    entry.onSent = onSent;
    this.#owe(entry);
  }

  /** False while nothing at all is owed to Redis, so that a call needs no look. */
  get isOwing(): boolean {
    return this.#due > 0;
  }

  /**
   * Sends what is owed of one counter, before a call of it is decided in Redis: commands are done in the order in which
   * they are sent.
   */
  settle(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.isDue) void this.#book(key, entry);
  }

  /** Redis is back: everything is owed to it, and sent in small steps. */
  async settleAll(): Promise<void> {
    for (const entry of this.#entries.values()) this.#owe(entry);
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    let step: Promise<void>[] = [];
    for (const [key, entry] of this.#entries) {
      if (!this.#redis.isUp) break;
      if (!entry.isDue) continue;
      step.push(this.#book(key, entry));
      if (step.length < STEP) continue;
      await Promise.all(step);
      step = [];
    }
    await Promise.all(step);
    this.#isSweeping = false;
  }

  async #book(key: string, entry: Entry): Promise<void> {
    entry.isDue = false;
    this.#due -= 1;
    if (!this.#isCurrent(entry)) {
      this.#entries.delete(key);
      return;
    }
    if (entry.booking === undefined && entry.local > 0) {
      entry.booking = { id: randomUUID(), amount: entry.local };
      entry.local = 0;
      entry.onSent?.();
    }
    const { booking } = entry;
    const { id = '', amount = 0 } = booking ?? {};
    const keys = [key, this.#keyOf(`booked|${id}`)];
    const { period, endsAtMs, settled, booked } = entry;
    const numbers = [period, endsAtMs, settled, booked, amount];
    try {
      const reply = await this.#redis.send('EVAL', BOOK_SCRIPT, 2, ...keys, ...numbers);
      if (!Array.isArray(reply) || !reply.every(Number.isSafeInteger)) throw this.#distrust();
      const [told = 0, nowBooked = 0, held = 0] = reply as number[];
      Object.assign(entry, { used: told, settled: told - held, booked: nowBooked });
      // It may have been sent twice, and another since.
      if (entry.booking === booking) entry.booking = undefined;
      if (entry.local > 0) this.#owe(entry);
    } catch {
      // Redis tells when it is back.
      this.#owe(entry);
    }
  }

  #owe(entry: Entry): void {
    if (!entry.isDue) this.#due += 1;
    entry.isDue = true;
  }

  #distrust(): Error {
    this.#redis.distrust('it answers as no Redis does');
    return new Error('Redis did not answer the script of a booking');
  }

  #isCurrent({ window, period }: Entry): boolean {
    return window.period(this.#clock.now()).number === period;
  }

  #entryOf(window: Window, key: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined && this.#isCurrent(known)) return known;
    const { number, endsAtMs } = window.period(this.#clock.now());
    const entry = {
      window,
      period: number,
      endsAtMs,
      used: 0,
      settled: 0,
      booked: 0,
      local: 0,
      onSent: undefined,
      booking: undefined,
      isDue: false,
    };
    if (known === undefined && this.#entries.size >= MAX_ENTRIES) this.#forgetOne();
    if (known?.isDue) this.#due -= 1;
    this.#entries.set(key, entry);
    return entry;
  }

  /** The oldest of whom nothing is owed, or else the oldest. */
  #forgetOne(): void {
    let oldest: string | undefined;
    let looks = 0;
    for (const [key, { isDue, booking }] of this.#entries) {
      oldest ??= key;
      if (!isDue && booking === undefined) {
        this.#entries.delete(key);
        return;
      }
      if (++looks >= STEP) break;
    }
    if (oldest === undefined) return;
    if (this.#entries.get(oldest)?.isDue) this.#due -= 1;
    this.#entries.delete(oldest);
  }
}
