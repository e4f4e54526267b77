import type { Clock } from '../lib/clock.ts';
import type { Kind } from '../pool.ts';
import type { ExpiredKey } from './identity.ts';

/** So many keys are told apart; beyond, the one that was refused longest ago gives way. */
const MAX_KEYS = 100;
const MINUTE_MS = 60_000;
/** What counts as still going on. */
const WINDOW_MINUTES = 10;

/** A key that somebody still calls with though it has ended. */
export interface RefusedKey extends ExpiredKey {
  /** How often in the last ten minutes, and when first and last. */
  readonly times: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

interface Entry {
  readonly key: ExpiredKey;
  firstAtMs: number;
  lastAtMs: number;
  /** By minute; those beyond the window are of no account. */
  readonly minutes: Map<number, number>;
}

/** Counts refusals of keys that have expired, by key, so that their owner can be told. It outlives reloads. */
export class ExpiredKeys {
  readonly #clock: Clock;
  /** The one that was refused last stands last. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(key: ExpiredKey): void {
    const nowMs = this.#clock.now();
    const minute = Math.floor(nowMs / MINUTE_MS);
    const name = `${key.consumer} ${key.keyId}`;
    const known = this.#entries.get(name);
    const entry = known ?? { key, firstAtMs: nowMs, lastAtMs: nowMs, minutes: new Map<number, number>() };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    entry.lastAtMs = nowMs;
    entry.minutes.set(minute, (entry.minutes.get(minute) ?? 0) + 1);
    for (const old of entry.minutes.keys()) if (old <= minute - WINDOW_MINUTES) entry.minutes.delete(old);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_KEYS && oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Those that were refused in the last ten minutes. */
  list(): readonly RefusedKey[] {
    const minute = Math.floor(this.#clock.now() / MINUTE_MS);
    return [...this.#entries.values()].flatMap(({ key, firstAtMs, lastAtMs, minutes }) => {
      let times = 0;
      for (const [at, count] of minutes) if (at > minute - WINDOW_MINUTES) times += count;
      return times === 0 ? [] : [{ ...key, times, firstAtMs, lastAtMs }];
    });
  }
}

/** One for the process. */
export const expiredKeysKind: Kind<ExpiredKeys> = { name: 'expired keys', close: () => undefined };
