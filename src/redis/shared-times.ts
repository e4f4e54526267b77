import type { Logger } from 'winston';
import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from './link.ts';

/** More names than these at once are refused. */
const MAX_NAMES = 100_000;
const MAX_NAME_CHARS = 512;
/** How often the list in Redis is read again, for a message that was lost. */
const RELOAD_MS = 30_000;
/** And once so long after Redis is back: another gateway may have sent what it kept before this one listened again. */
const SECOND_LOOK_MS = 3000;

export interface SharedTimesOptions {
  /** What the list is called in Redis, and its channel. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly redis: RedisLink | undefined;
}

/**
 * Names that hold until an instant, known to all gateways: tokens that were taken back, callers that are banned.
 *
 * The list is in memory, where each request looks. With Redis it is kept there too, and a change on one gateway
 * reaches the others by a message; a gateway that was cut off reads the whole list when it is back.
 */
export class SharedTimes {
  readonly #options: SharedTimesOptions;
  readonly #untilMs = new Map<string, number>();
  /** Changes that did not reach Redis, sent again when it is back; 0 takes a name out. */
  readonly #unsent = new Map<string, number>();
  readonly #stops: (() => void)[] = [];

  constructor(options: SharedTimesOptions) {
    this.#options = options;
    const { redis } = options;
    if (redis === undefined) return;
    const load = () => void this.load();
    const timer = setInterval(load, RELOAD_MS).unref();
    let secondLook: NodeJS.Timeout | undefined;
    const loadTwice = (): void => {
      load();
      clearTimeout(secondLook);
      secondLook = setTimeout(load, SECOND_LOOK_MS).unref();
    };
    this.#stops.push(
      redis.subscribe(this.#place(redis), (message) => this.#hear(message)),
      redis.onChange((isUp) => isUp && loadTwice()),
      () => clearInterval(timer),
      () => clearTimeout(secondLook),
    );
    load();
  }

  /** How many names are remembered, those that have just expired included. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** Until when the name holds (epoch ms); 0 when it is not on the list. Costs next to nothing while that is empty. */
  untilMs(name: string): number {
    if (this.#untilMs.size === 0) return 0;
    const untilMs = this.#untilMs.get(name) ?? 0;
    return untilMs > this.#options.clock.now() ? untilMs : 0;
  }

  /** The names that hold now. */
  list(): { readonly name: string; readonly untilMs: number }[] {
    this.#forgetExpired();
    return [...this.#untilMs].map(([name, untilMs]) => ({ name, untilMs }));
  }

  /**
   * Puts a name on the list, here at once and on the other gateways within a moment; never shortens its time.
   * False when the list is full or the name is none.
   */
  add(name: string, untilMs: number): boolean {
    if (!this.#add(name, untilMs)) return false;
    this.#publish(name, untilMs);
    return true;
  }

  /** Takes a name off the list, everywhere. False when it was not there. */
  remove(name: string): boolean {
    const wasThere = this.untilMs(name) > 0;
    this.#untilMs.delete(name);
    this.#publish(name, 0);
    return wasThere;
  }

  /** Reads what Redis knows; resolves also when it does not answer. */
  async load(): Promise<void> {
    const { redis, clock, log } = this.#options;
    this.#forgetExpired();
    if (redis === undefined || !redis.isUp) return;
    const place = this.#place(redis);
    this.#sendAgain();
    try {
      await redis.send('ZREMRANGEBYSCORE', place, '-inf', clock.now());
      const reply = (await redis.send('ZRANGE', place, 0, MAX_NAMES - 1, 'WITHSCORES')) as readonly unknown[];
      // Pairs in RESP3, one flat list in RESP2.
      const flat = reply.flat();
      for (let i = 0; i + 1 < flat.length; i += 2) this.#add(String(flat[i]), Number(flat[i + 1]));
    } catch (error) {
      // Redis tells when it is back, and then the list is read again.
      log.warn(`the list "${this.#options.name}" can not be read from Redis`, { error });
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #place(redis: RedisLink): string {
    return redis.prefix + this.#options.name;
  }

  #add(name: string, untilMs: number): boolean {
    if (name === '' || name.length > MAX_NAME_CHARS || !Number.isFinite(untilMs)) return false;
    if (this.#untilMs.size >= MAX_NAMES) this.#forgetExpired();
    if (this.#untilMs.size >= MAX_NAMES) return false;
    this.#untilMs.set(name, Math.max(untilMs, this.#untilMs.get(name) ?? 0));
    return true;
  }

  #forgetExpired(): void {
    const nowMs = this.#options.clock.now();
    for (const [name, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(name);
  }

  #publish(name: string, untilMs: number): void {
    const { redis, log } = this.#options;
    if (redis === undefined) return;
    const place = this.#place(redis);
    const sent = Promise.all([
      untilMs > 0 ? redis.send('ZADD', place, 'GT', Math.ceil(untilMs), name) : redis.send('ZREM', place, name),
      redis.send('PUBLISH', place, JSON.stringify([name, untilMs])),
    ]);
    sent.catch((error: unknown) => {
      if (this.#unsent.size < MAX_NAMES) this.#unsent.set(name, untilMs);
      log.warn(`a change of the list "${this.#options.name}" did not reach Redis: it counts here until Redis is back`, {
        error,
      });
    });
  }

  #sendAgain(): void {
    const unsent = [...this.#unsent];
    this.#unsent.clear();
    for (const [name, untilMs] of unsent) this.#publish(name, untilMs);
  }

  #hear(message: string): void {
    try {
      const [name, untilMs] = JSON.parse(message) as [unknown, unknown];
      if (typeof name !== 'string' || typeof untilMs !== 'number') return;
      if (untilMs > 0) this.#add(name, untilMs);
      else this.#untilMs.delete(name);
    } catch (error) {
      this.#options.log.warn(`a message about the list "${this.#options.name}" is not understood`, { error });
    }
  }
}
