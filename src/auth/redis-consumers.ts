import { hash } from 'node:crypto';
import type { RedisLink } from '../redis/link.ts';
import { recordOf, rowOf, type StoredConsumer, type StoredKey, storedRow } from './stored-consumer.ts';

/**
 * How consumers stand in Redis: what `turnpike key` and the admin API write and the gateways read.
 *
 * `rows` has a consumer by its name; `keys` has what a gateway needs by the hash of a key; `used` has when a key was
 * last seen. All three share a hash tag, so that one script can write them in a cluster.
 */
export const CONSUMER_KEYS = {
  rows: '{consumers}:rows',
  keys: '{consumers}:keys',
  used: '{consumers}:used',
} as const;

/**
 * Writes a consumer whole, if its row is still what the caller read: KEYS are rows, keys and used; ARGV the name, the row
 * as it was (empty: there was none), the row as it shall be (empty: none), then hash and record of each of its keys.
 * Answers 1, or 0 where somebody else was faster. The hashes that its row had before and has no more are removed with it.
 */
const WRITE_CONSUMER = `
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before ~= ARGV[2] then return 0 end
local kept = {}
for i = 4, #ARGV, 2 do kept[ARGV[i]] = true end
if before ~= '' then
  for _, key in ipairs(cjson.decode(before).keys or {}) do
    redis.call('HDEL', KEYS[2], key.sha256)
    if not kept[key.sha256] then redis.call('HDEL', KEYS[3], key.sha256) end
  end
end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
return 1
`;

/** Redis did not answer, or not as Redis does. */
export class ConsumersUnavailable extends Error {
  /** True where what was to be written may stand there all the same. */
  readonly isDoubtful: boolean;

  constructor(message: string, isDoubtful: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isDoubtful = isDoubtful;
  }
}

/** A consumer as it was read, and the tag of that very state. */
export interface ReadConsumer {
  readonly consumer: StoredConsumer;
  /** Strong entity tag (RFC 9110, section 8.8.3), with its quotes. */
  readonly tag: string;
}

/** What becomes of a consumer (undefined: it goes), and what is told of it. */
export interface ConsumerChange<T> {
  readonly after: StoredConsumer | undefined;
  readonly result: T;
}

/** A change of a consumer, as those are told who remember something of it. */
export interface ToldChange {
  readonly before: StoredConsumer | undefined;
  readonly after: StoredConsumer | undefined;
  /** True where it may not have been made. */
  readonly isDoubtful: boolean;
}

export interface Changed<T> {
  readonly result: T;
  /** Of the state that was written; undefined where the consumer is gone. */
  readonly tag: string | undefined;
}

const CURSOR = /^\d{1,20}$/;

/** Consumers in Redis, for gateways with `consumerStore: "redis"`. */
export class RedisConsumers {
  readonly #redis: RedisLink;
  readonly #names: readonly [string, string, string];
  readonly #tell: (change: ToldChange) => void;

  /** `tell` hears of each change that is made through this. */
  constructor(redis: RedisLink, tell: (change: ToldChange) => void = () => undefined) {
    this.#redis = redis;
    this.#tell = tell;
    const { rows, keys, used } = CONSUMER_KEYS;
    this.#names = [redis.prefix + rows, redis.prefix + keys, redis.prefix + used];
  }

  async find(name: string): Promise<ReadConsumer | undefined> {
    const text = await this.#rowText(name);
    return text === '' ? undefined : { consumer: parseRow(text), tag: tagOf(text) };
  }

  /**
   * Some of all, about as many as `count`, from a cursor on (`0`: the beginning): each that is there all the time comes
   * in one page, seldom in two. `next` is undefined behind the last page.
   */
  async page(cursor: string, count: number): Promise<{ consumers: StoredConsumer[]; next: string | undefined }> {
    const reply = await this.#ask('HSCAN', this.#names[0], cursor, 'COUNT', count);
    const [next, flat] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
    if (!CURSOR.test(String(next)) || !Array.isArray(flat)) throw new ConsumersUnavailable('no answer to HSCAN', false);
    const consumers = flat.filter((_, index) => index % 2 === 1).map((text) => parseRow(String(text)));
    return { consumers, next: String(next) === '0' ? undefined : String(next) };
  }

  /** The same keys with when each was last used, to the minute. */
  async withUses(keys: readonly StoredKey[]): Promise<StoredKey[]> {
    if (keys.length === 0) return [];
    const reply = await this.#ask('HMGET', this.#names[2], ...keys.map(({ sha256 }) => sha256));
    if (!Array.isArray(reply)) throw new ConsumersUnavailable('no answer to HMGET', false);
    const times = reply as readonly (string | null)[];
    return keys.map((key, index) => ({ ...key, usedAtMs: times[index] == null ? undefined : Number(times[index]) }));
  }

  /**
   * Replaces a consumer in one step, with nobody else's change in between: `make` is called once more where somebody was
   * faster, and what it throws leaves everything as it was. Throws `ConsumersUnavailable`.
   */
  async change<T>(
    name: string,
    make: (before: ReadConsumer | undefined) => ConsumerChange<T>,
    withinMs: number,
  ): Promise<Changed<T>> {
    const endMs = performance.now() + withinMs;
    do {
      const text = await this.#rowText(name);
      const read = text === '' ? undefined : { consumer: parseRow(text), tag: tagOf(text) };
      const { after, result } = make(read);
      const row = after === undefined ? '' : rowOf(after);
      if (await this.#writeAndTell(name, text, row, { before: read?.consumer, after }))
        return { result, tag: row === '' ? undefined : tagOf(row) };
    } while (performance.now() < endMs);
    throw new ConsumersUnavailable(`consumer "${name}" is being changed by others all the time`, false);
  }

  /** The same as `#writeIf`; whoever remembers something is told of it. */
  async #writeAndTell(
    name: string,
    text: string,
    row: string,
    change: Pick<ToldChange, 'before' | 'after'>,
  ): Promise<boolean> {
    try {
      const isMade = await this.#writeIf(name, text, row, change.after);
      if (isMade) this.#tell({ ...change, isDoubtful: false });
      return isMade;
    } catch (thrown) {
      this.#tell({ ...change, isDoubtful: true });
      throw thrown;
    }
  }

  /** False where the row is no more what it was. */
  async #writeIf(name: string, before: string, row: string, after: StoredConsumer | undefined): Promise<boolean> {
    const records = after?.keys?.flatMap((key) => [key.sha256, recordOf(after, key)]) ?? [];
    const reply = await this.#ask('EVAL', WRITE_CONSUMER, 3, ...this.#names, name, before, row, ...records);
    if (reply !== 0 && reply !== 1) throw new ConsumersUnavailable('no answer to the script of consumers', true);
    return reply === 1;
  }

  async #rowText(name: string): Promise<string> {
    const text = await this.#ask('HGET', this.#names[0], name);
    if (text !== null && typeof text !== 'string') throw new ConsumersUnavailable('no answer to HGET', false);
    return text ?? '';
  }

  async #ask(command: string, ...args: (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.send(command, ...args);
    } catch (cause) {
      const message = `Redis does not answer (${(cause as Error).message})`;
      throw new ConsumersUnavailable(message, command === 'EVAL', { cause });
    }
  }
}

function parseRow(text: string): StoredConsumer {
  try {
    return storedRow.parse(JSON.parse(text));
  } catch (cause) {
    throw new ConsumersUnavailable('a consumer in Redis is written in a way that is not ours', false, { cause });
  }
}

function tagOf(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 27)}"`;
}
