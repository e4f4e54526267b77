import { randomUUID } from 'node:crypto';
import type { RedisLink } from './link.ts';

/** Names in one step: so many keep Redis busy for about a millisecond. */
export const STEP = 500;
const DAY_MS = 86_400_000;
/** No list is kept for longer than this after it was last used. */
const MAX_KEPT_MS = 3650 * DAY_MS;
/** Of a step, while Redis is there. */
const MAX_TRIES = 4;

/**
 * Four keys, in one slot of a cluster: the names by their instant, the names by the number of their last change, the
 * names that were taken out by when that was (kept for a day), and the list's identity with the number of the last
 * change. A list that was lost has another identity.
 *
 * They expire a day after the last name has; gateways that run read a list every half a minute, and keep it alive.
 */
const OPEN = `
local times, changes, removed, head = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now = tonumber(ARGV[1])
redis.call('HSETNX', head, 'id', ARGV[2])
local id = redis.call('HGET', head, 'id')
local seq = tonumber(redis.call('HGET', head, 'seq') or '0')
local function keep()
  local last = redis.call('ZRANGE', times, -1, -1, 'WITHSCORES')[2] or '0'
  local ttl = math.min(math.max(tonumber(last) - now, 0) + ${DAY_MS}, ${MAX_KEPT_MS})
  for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], string.format('%.0f', ttl)) end
end
`;

/** ARGV: now, an identity for a new list, the channel, the mode, and by turns names and instants (0 takes one out). */
const WRITE = `${OPEN}
local before = seq
for i = 5, #ARGV, 2 do
  local name, untilMs = ARGV[i], tonumber(ARGV[i + 1])
  local isChanged = untilMs == 0
  if untilMs == 0 then
    redis.call('ZREM', times, name)
    redis.call('ZADD', removed, ARGV[1], name)
  elseif ARGV[4] == 'change' or not redis.call('ZSCORE', removed, name) then
    redis.call('ZREM', removed, name)
    isChanged = redis.call('ZADD', times, 'GT', 'CH', ARGV[i + 1], name) == 1
  end
  if isChanged then
    seq = seq + 1
    redis.call('ZADD', changes, string.format('%.0f', seq), name)
    redis.call('PUBLISH', ARGV[3], cjson.encode({ name, untilMs }))
  end
end
redis.call('HSET', head, 'seq', string.format('%.0f', seq))
keep()
return { id, before, seq }
`.trim();

/** ARGV: now, an identity for a new list, and the number of the last change that is known. Forgets what has expired. */
const READ = `${OPEN}
local function forget(key, untilMs)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', string.format('%.0f', untilMs), 'LIMIT', 0, ${STEP})) do
    redis.call('ZREM', key, name)
    redis.call('ZREM', changes, name)
  end
end
forget(times, now)
forget(removed, now - ${DAY_MS})
keep()
local reply = { id, seq, redis.call('ZCARD', times) }
local page = redis.call('ZRANGEBYSCORE', changes, '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, ${STEP})
for i = 1, #page, 2 do
  local at = #reply
  reply[at + 1] = page[i]
  reply[at + 2] = redis.call('ZSCORE', times, page[i]) or '0'
  reply[at + 3] = page[i + 1]
end
return reply
`.trim();

export interface Change {
  readonly name: string;
  /** Epoch ms; 0 when the name was taken out. */
  readonly untilMs: number;
}

/** What has changed since a number. */
export interface Page {
  /** Of the list: another one when Redis has lost it. */
  readonly id: string;
  /** Number of the last change of all, and of the last of this page. */
  readonly seq: number;
  readonly readTo: number;
  readonly isLast: boolean;
  /** Names that hold. */
  readonly size: number;
  readonly changes: readonly Change[];
}

export interface Written {
  readonly id: string;
  /** Numbers of the last change before and after. */
  readonly before: number;
  readonly seq: number;
}

/** A list of names with their instants in Redis, which tells its changes by number. Rejects when Redis doesn't answer. */
export class TimesStore {
  readonly channel: string;
  readonly #redis: RedisLink;
  readonly #keys: readonly string[];

  constructor(redis: RedisLink, name: string) {
    this.#redis = redis;
    this.channel = redis.prefix + name;
    this.#keys = ['times', 'changes', 'removed', 'head'].map((part) => `${redis.prefix}{${name}}:${part}`);
  }

  /** Writes at most STEP changes and tells all gateways. `restore` puts back what was lost, and nothing taken out. */
  async write(mode: 'change' | 'restore', changes: readonly Change[], nowMs: number): Promise<Written> {
    const pairs = changes.flatMap(({ name, untilMs }) => [name, Math.ceil(untilMs)]);
    const [id, before, seq] = await this.#run(WRITE, [nowMs, randomUUID(), this.channel, mode, ...pairs]);
    return { id: String(id), before: Number(before), seq: Number(seq) };
  }

  /** Reads at most STEP changes after a number. */
  async read(after: number, nowMs: number): Promise<Page> {
    const [id, seq, size, ...flat] = await this.#run(READ, [nowMs, randomUUID(), after]);
    const changes: Change[] = [];
    let readTo = Number(seq);
    for (let i = 0; i + 2 < flat.length; i += 3) {
      changes.push({ name: String(flat[i]), untilMs: Number(flat[i + 1]) });
      if (changes.length === STEP) readTo = Number(flat[i + 2]);
    }
    const isLast = changes.length < STEP;
    return { id: String(id), seq: Number(seq), size: Number(size), readTo, isLast, changes };
  }

  async #run(script: string, args: readonly (string | number)[]): Promise<readonly unknown[]> {
    const reply = await this.#send(script, args);
    if (Array.isArray(reply) && reply.length >= 3 && Number.isSafeInteger(reply[1])) return reply;
    this.#redis.distrust('it answers as no Redis does');
    throw new Error('Redis did not answer the script of a list');
  }

  /** A step that came late is sent again: done twice it does no more than once. */
  async #send(script: string, args: readonly (string | number)[]): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#redis.send('EVAL', script, this.#keys.length, ...this.#keys, ...args);
      } catch (error) {
        if (tries === MAX_TRIES || !this.#redis.isUp) throw error;
      }
    }
  }
}
