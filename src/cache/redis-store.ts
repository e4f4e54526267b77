import { randomHex } from '../lib/random-hex.ts';
import type { RedisLink } from '../redis/link.ts';
import type { Found, Mark, Store, Stored } from './store.ts';
import { decodeStored, encodeStored } from './stored-text.ts';

/** Longer bodies would hold up what else goes over the connection. */
export const MAX_BODY_BYTES = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
/** The mark of a URL outlives all that is stored under it. */
const MARK_MS = 2 * DAY_MS;
/** URLs that could not be invalidated while Redis was gone. */
const MAX_OWED = 20_000;

/**
 * Answers in Redis, for all gateways. All of a URL is in one slot of a cluster, and so is its mark: what is stored
 * carries the mark that the URL had, and is good while it has that one still. To invalidate a URL is to give it
 * another mark, to lose the mark is to lose what is stored: nothing is ever listed.
 */
export class RedisStore implements Store {
  readonly #redis: RedisLink;
  /** What is owed to Redis; until then nothing of these URLs is taken from there. */
  readonly #owed = new Set<string>();
  readonly #onLost: () => void;
  readonly #stop: () => void;

  /** `onLost`: more is owed than can be remembered; whatever was stored before is to be given out no more. */
  constructor(redis: RedisLink, onLost: () => void) {
    this.#redis = redis;
    this.#onLost = onLost;
    this.#stop = redis.onChange((isUp) => {
      if (isUp) for (const url of this.#owed) this.#mark(url);
    });
  }

  get isUp(): boolean {
    return this.#redis.isUp;
  }

  close(): void {
    this.#stop();
  }

  async find({ url }: { readonly url: string }, names: readonly string[]): Promise<Found> {
    const nothing: Found = { stored: names.map(() => undefined), mark: undefined };
    if (this.#owed.has(url)) return nothing;
    try {
      const reply = await this.#redis.send(
        'MGET',
        this.#key(url, 'mark'),
        ...names.map((name) => this.#key(url, name)),
      );
      if (!Array.isArray(reply) || reply.length !== names.length + 1) return nothing;
      const [mark, ...texts] = reply as unknown[];
      if (typeof mark !== 'string') return nothing;
      return { mark, stored: texts.map((text, index) => decodeStored(text, names[index] as string, mark)) };
    } catch {
      // The link says so, once.
      return nothing;
    }
  }

  put(url: string, name: string, stored: Stored, mark: Mark, keepMs: number): void {
    if (!this.isUp || this.#owed.has(url)) return;
    const own = typeof mark === 'string' ? mark : randomHex(8);
    const ms = Math.max(1, Math.min(DAY_MS, Math.floor(keepMs)));
    if (mark === undefined) this.#send('SET', this.#key(url, 'mark'), own, 'NX', 'PX', MARK_MS);
    this.#send('SET', this.#key(url, name), encodeStored(stored, name, own), 'PX', ms);
  }

  drop(url: string, name: string): void {
    this.#send('DEL', this.#key(url, name));
  }

  invalidate(url: string): void {
    if (this.#owed.size >= MAX_OWED) {
      this.#onLost();
      return;
    }
    this.#owed.add(url);
    this.#mark(url);
  }

  #mark(url: string): void {
    this.#redis.send('SET', this.#key(url, 'mark'), randomHex(8), 'PX', MARK_MS).then(
      () => this.#owed.delete(url),
      () => {},
    );
  }

  #key(url: string, name: string): string {
    return `${this.#redis.prefix}cache:{${url}}:${name}`;
  }

  /** What is not stored is asked for again. */
  #send(command: string, ...args: (string | number)[]): void {
    this.#redis.send(command, ...args).catch(() => {});
  }
}
