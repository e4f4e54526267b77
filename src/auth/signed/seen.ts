import type { Logger } from 'winston';
import type { Clock } from '../../lib/clock.ts';
import { Complaints } from '../../lib/complaints.ts';
import type { Kind } from '../../pool.ts';
import type { RedisLink } from '../../redis/link.ts';
import { SharedNames, type Taken } from './shared-names.ts';

const MAX_PER_OWNER = 250_000;
const MAX_IN_ALL = 1_000_000;
/** How often what has expired is looked for among all of one owner's, where that is full. */
const SWEEP_MS = 1000;

/** What may become of a request whose signature holds: it is the first, or it came before, or nobody can tell. */
export type Sighting = 'first' | 'again' | 'full' | 'unknown';

/** What a gateway does with signed requests while Redis is gone. */
export type WithoutRedis = 'local' | 'refuse';

/** How a name is taken. */
export interface Terms {
  /** When it is free again in any case. */
  readonly untilMs: number;
  readonly withoutRedis: WithoutRedis;
  /** True where `keep` or `forget` says what came of it: until then its lease in Redis is short. */
  readonly isProvisional?: boolean;
}

interface Owned {
  readonly untilMs: Map<string, number>;
  sweptAtMs: number;
}

export const seenKind: Kind<Seen> = { name: 'seen-signatures', close: (seen) => seen.close() };

/**
 * Remembers which signed requests have passed, until their time is over: in this process, and with Redis for all
 * gateways. Told of a request only once its signature has been verified, so nobody else can use up a name.
 *
 * Nothing is forgotten before its time: who has a quarter of a million within it gets no more (`full`), and takes nobody
 * else's room.
 */
export class Seen {
  readonly #clock: Clock;
  readonly #shared: SharedNames | undefined;
  readonly #prefix: string;
  readonly #complaints: Complaints;
  readonly #byOwner = new Map<string, Owned>();
  #size = 0;

  constructor(clock: Clock, redis: RedisLink | undefined, log: Pick<Logger, 'warn'>) {
    this.#clock = clock;
    this.#shared = redis && new SharedNames(redis, clock);
    this.#prefix = `${redis?.prefix ?? ''}signed:`;
    this.#complaints = new Complaints((message, fields) => log.warn(message, fields));
  }

  /** How many are remembered in this process. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes a name of this owner until an instant, once. Of copies that come at once exactly one is `first`, on this
   * gateway always, on all of them as long as Redis answers; without it each gateway knows its own (`local`), or the
   * request is not let through (`unknown`).
   */
  async take(owner: string, name: string, terms: Terms): Promise<Sighting> {
    const { untilMs, withoutRedis, isProvisional = false } = terms;
    const here = this.#takeHere(owner, name, untilMs);
    if (here !== 'first' || this.#shared === undefined) return here;
    const taken = this.#shared.create(this.#key(owner, name), untilMs);
    try {
      if (await this.#shared.take(taken, isProvisional)) return this.#hold(taken, isProvisional);
      // What another gateway has may come to nothing, and Redis alone hears of that.
      if (isProvisional) this.#dropHere(owner, name);
      return 'again';
    } catch (error) {
      const what = withoutRedis === 'local' ? 'each gateway knows those of its own' : 'such requests are refused';
      this.#complaints.say(`which signed requests came before can not be asked of Redis: ${what}`, error);
      if (withoutRedis === 'refuse') {
        this.#dropHere(owner, name);
        this.#shared.giveUp(taken, error);
        return 'unknown';
      }
      return this.#hold(taken, isProvisional);
    }
  }

  /** Whether this gateway knows a name already: a look that takes nothing, before something costly is done. */
  has(owner: string, name: string): boolean {
    return (this.#byOwner.get(owner)?.untilMs.get(name) ?? 0) > this.#clock.now();
  }

  /** A name that was taken provisionally is so for its whole time. */
  keep(owner: string, name: string): void {
    this.#shared?.keep(this.#key(owner, name));
  }

  /** Gives a name back that was taken provisionally, and came to nothing. */
  forget(owner: string, name: string): void {
    this.#dropHere(owner, name);
    this.#shared?.release(this.#key(owner, name));
  }

  close(): void {
    this.#shared?.close();
  }

  #hold(taken: Taken, isProvisional: boolean): Sighting {
    if (isProvisional) this.#shared?.hold(taken);
    return 'first';
  }

  #key(owner: string, name: string): string {
    return `${this.#prefix}${owner}:${name}`;
  }

  #takeHere(owner: string, name: string, untilMs: number): Sighting {
    const nowMs = this.#clock.now();
    let owned = this.#byOwner.get(owner);
    if (owned === undefined) {
      owned = { untilMs: new Map(), sweptAtMs: 0 };
      this.#byOwner.set(owner, owned);
    }
    const names = owned.untilMs;
    if ((names.get(name) ?? 0) > nowMs) return 'again';
    this.#dropFirst(names, nowMs);
    if (names.size >= MAX_PER_OWNER || this.#size >= MAX_IN_ALL) this.#sweep(owned, nowMs);
    if (names.size >= MAX_PER_OWNER || this.#size >= MAX_IN_ALL) return 'full';
    if (!names.delete(name)) this.#size += 1;
    names.set(name, untilMs);
    return 'first';
  }

  /** Those that came first mostly end first, and go as others come. */
  #dropFirst(names: Map<string, number>, nowMs: number): void {
    for (const [name, untilMs] of names) {
      if (untilMs > nowMs) return;
      names.delete(name);
      this.#size -= 1;
    }
  }

  #sweep(owned: Owned, nowMs: number): void {
    if (nowMs - owned.sweptAtMs < SWEEP_MS) return;
    owned.sweptAtMs = nowMs;
    const all = this.#size >= MAX_IN_ALL ? [...this.#byOwner.values()] : [owned];
    for (const { untilMs: names } of all) {
      for (const [name, untilMs] of names) if (untilMs <= nowMs && names.delete(name)) this.#size -= 1;
    }
  }

  #dropHere(owner: string, name: string): void {
    if (this.#byOwner.get(owner)?.untilMs.delete(name) === true) this.#size -= 1;
  }
}
