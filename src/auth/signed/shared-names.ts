import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { RedisUnavailableError } from '../../redis/in-flight.ts';
import type { RedisLink } from '../../redis/link.ts';

/** For so long a name is taken while its request is under way: it outlives a gateway that ends without a word by this. */
const LEASE_MS = 4000;
const TICK_MS = 1000;
/** What Redis was not told is kept to be told later; beyond that it expires there by itself. */
const MAX_UNSENT = 10_000;

/** Writes a name that is free or of this owner; what is somebody else's stays. */
const HOLD =
  "local owner = redis.call('GET', KEYS[1]) if owner and owner ~= ARGV[1] then return 0 end redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";
const FREE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** One take of a name: of the same name, each has another owner. */
export interface Taken {
  readonly key: string;
  readonly owner: string;
  /** When it is free again in any case. */
  readonly untilMs: number;
}

type Script = typeof HOLD | typeof FREE;

/**
 * Names in Redis, each with whose it is, so that what is told late changes nothing of somebody else's. One whose request
 * is under way has a short lease, which is renewed.
 */
export class SharedNames {
  readonly #redis: RedisLink;
  readonly #clock: Clock;
  readonly #self = randomUUID();
  readonly #underWay = new Map<string, Taken>();
  #unsent = new Map<Taken, Script>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: RedisLink, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  create(key: string, untilMs: number): Taken {
    this.#count += 1;
    return { key, owner: `${this.#self}:${this.#count}`, untilMs };
  }

  /** Whether nobody has it yet. Rejects where Redis does not tell. */
  async take(taken: Taken, isLeased: boolean): Promise<boolean> {
    const { key, owner } = taken;
    const reply = await this.#redis.send('SET', key, owner, 'NX', 'PX', isLeased ? LEASE_MS : this.#leftOf(taken));
    if (reply === 'OK') return true;
    if (reply === null) return false;
    this.#redis.distrust('it answers as no Redis does');
    throw new Error('Redis did not answer SET');
  }

  /** Its request is under way, for as long as it takes. */
  hold(taken: Taken): void {
    this.#underWay.set(taken.key, taken);
    this.#tickLater();
  }

  /** What was under way stays taken until its time is over. */
  keep(key: string): void {
    this.#endHold(key, HOLD);
  }

  /** What was under way came to nothing. */
  release(key: string): void {
    this.#endHold(key, FREE);
  }

  /** Gives up a name of which Redis did not tell whether it was taken: it may be done after all. */
  giveUp(taken: Taken, error: unknown): void {
    if (error instanceof RedisUnavailableError && error.answer !== undefined) this.#later(taken, FREE);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#underWay.clear();
    this.#unsent.clear();
  }

  #endHold(key: string, script: Script): void {
    const taken = this.#underWay.get(key);
    if (taken === undefined) return;
    this.#underWay.delete(key);
    this.#tell(taken, script);
  }

  #leftOf({ untilMs }: Taken): number {
    return Math.max(1, Math.ceil(untilMs - this.#clock.now()));
  }

  #send({ key, owner }: Taken, script: Script, forMs: number): Promise<unknown> {
    return this.#redis.send('EVAL', script, 1, key, owner, forMs);
  }

  #tell(taken: Taken, script: Script): void {
    this.#send(taken, script, this.#leftOf(taken)).catch((error: unknown) => {
      const later = (): void => this.#later(taken, script);
      if (!(error instanceof RedisUnavailableError)) {
        // A Redis that is up and says no will say so again.
        if (!this.#redis.isUp) later();
      } else if (error.answer === undefined) later();
      else error.answer.then(ignore, later);
    });
  }

  #later(taken: Taken, script: Script): void {
    if (this.#unsent.size >= MAX_UNSENT || taken.untilMs <= this.#clock.now()) return;
    this.#unsent.set(taken, script);
    this.#tickLater();
  }

  #tickLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#redis.isUp) {
        for (const taken of this.#underWay.values()) this.#send(taken, HOLD, LEASE_MS).catch(ignore);
        const unsent = this.#unsent;
        this.#unsent = new Map();
        for (const [taken, script] of unsent) this.#tell(taken, script);
      }
      if (this.#underWay.size > 0 || this.#unsent.size > 0) this.#tickLater();
    }, TICK_MS).unref();
  }
}

function ignore(): void {}
