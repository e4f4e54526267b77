import type { Logger } from 'winston';
import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from './link.ts';
import { type Change, STEP, TimesStore, type Written } from './times-store.ts';

/** More names than these at once are refused. */
const MAX_NAMES = 100_000;
const MAX_NAME_CHARS = 512;
/** How often the changes in Redis are read, for a message that was lost. */
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
 * reaches the others by a message. A gateway that was cut off reads what has changed since; into a Redis that has
 * lost the list it puts back what it knows.
 */
export class SharedTimes {
  readonly #options: SharedTimesOptions;
  readonly #store: TimesStore | undefined;
  readonly #untilMs = new Map<string, number>();
  /** Changes that did not reach Redis, sent again when it is back; 0 takes a name out. */
  readonly #unsent = new Map<string, number>();
  readonly #stops: (() => void)[] = [];
  /** The list in Redis that was read, and the number of its last change that is known. */
  #id: string | undefined;
  #seq = 0;
  #loading: Promise<void> | undefined;
  #isWanted = false;
  /** What was said since the list was last read. */
  readonly #complaints = new Set<string>();

  constructor(options: SharedTimesOptions) {
    this.#options = options;
    const { redis, name } = options;
    if (redis === undefined) return;
    const store = new TimesStore(redis, name);
    this.#store = store;
    const load = () => void this.load();
    const timer = setInterval(load, RELOAD_MS).unref();
    let secondLook: NodeJS.Timeout | undefined;
    const loadTwice = (): void => {
      load();
      clearTimeout(secondLook);
      secondLook = setTimeout(load, SECOND_LOOK_MS).unref();
    };
    this.#stops.push(
      redis.subscribe(store.channel, (message) => this.#hear(message)),
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

  /** Reads what has changed in Redis, and puts back what it has lost; resolves also when it does not answer. */
  load(): Promise<void> {
    this.#isWanted = true;
    this.#loading ??= this.#loadWhileWanted().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  close(): void {
    for (const stop of this.#stops) stop();
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

  async #loadWhileWanted(): Promise<void> {
    const { redis, name } = this.#options;
    this.#forgetExpired();
    while (this.#isWanted && this.#store !== undefined && redis?.isUp) {
      this.#isWanted = false;
      try {
        await this.#sendAgain(this.#store);
        if (await this.#read(this.#store)) await this.#restore(this.#store);
        this.#complaints.clear();
      } catch (error) {
        // Redis tells when it is back, and then the list is read again.
        this.#complain(`the list "${name}" can not be read from Redis`, error);
      }
    }
  }

  /** Reads page by page, between which others are served. True when Redis has lost what is known here. */
  async #read(store: TimesStore): Promise<boolean> {
    let isLost = false;
    for (;;) {
      const page = await store.read(this.#seq, this.#options.clock.now());
      if (page.id !== this.#id || page.seq < this.#seq) {
        const mustReadAgain = this.#seq > 0;
        this.#id = page.id;
        this.#seq = 0;
        isLost = true;
        if (mustReadAgain) continue;
      }
      for (const { name, untilMs } of page.changes) this.#take(name, untilMs);
      this.#seq = page.readTo;
      if (page.isLast) return isLost || page.size < this.#untilMs.size;
    }
  }

  async #restore(store: TimesStore): Promise<void> {
    await this.#writeAll(
      store,
      'restore',
      [...this.#untilMs].map(([name, untilMs]) => ({ name, untilMs })),
    );
  }

  async #sendAgain(store: TimesStore): Promise<void> {
    const unsent = [...this.#unsent].map(([name, untilMs]) => ({ name, untilMs }));
    await this.#writeAll(store, 'change', unsent, (done) => {
      for (const { name, untilMs } of done) if (this.#unsent.get(name) === untilMs) this.#unsent.delete(name);
    });
  }

  async #writeAll(
    store: TimesStore,
    mode: 'change' | 'restore',
    changes: readonly Change[],
    onDone?: (done: readonly Change[]) => void,
  ): Promise<void> {
    for (let from = 0; from < changes.length; from += STEP) {
      const step = changes.slice(from, from + STEP);
      this.#follow(await store.write(mode, step, this.#options.clock.now()));
      onDone?.(step);
    }
  }

  /** What this gateway has written itself, and nobody beside it, need not be read. */
  #follow({ id, before, seq }: Written): void {
    if (id === this.#id && before === this.#seq) this.#seq = seq;
  }

  #publish(name: string, untilMs: number): void {
    const { clock } = this.#options;
    if (this.#store === undefined) return;
    // A change that comes later must not be overtaken by this one.
    this.#unsent.delete(name);
    this.#store.write('change', [{ name, untilMs }], clock.now()).then(
      (written) => this.#follow(written),
      (error: unknown) => {
        if (this.#unsent.size < MAX_NAMES && !this.#unsent.has(name)) this.#unsent.set(name, untilMs);
        const message = `a change of the list "${this.#options.name}" did not reach Redis: it counts here until Redis is back`;
        this.#complain(message, error);
      },
    );
  }

  #take(name: string, untilMs: number): void {
    if (untilMs > 0) this.#add(name, untilMs);
    else this.#untilMs.delete(name);
  }

  #hear(message: string): void {
    try {
      const [name, untilMs] = JSON.parse(message) as [unknown, unknown];
      if (typeof name !== 'string' || typeof untilMs !== 'number') return;
      this.#take(name, untilMs);
    } catch (error) {
      this.#complain(`a message about the list "${this.#options.name}" is not understood`, error);
    }
  }

  /** Once, until the list has been read again: what is tried over and over fails over and over. */
  #complain(message: string, error: unknown): void {
    if (this.#complaints.has(message)) return;
    this.#complaints.add(message);
    this.#options.log.warn(message, { error });
  }
}
