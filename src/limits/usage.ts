import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../context.ts';
import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from '../redis/link.ts';
import type { TokenCount } from '../token-count.ts';
import { createUsageKeys, emptyTally, encodeField, TALLY_KINDS, type Tally } from './usage-keys.ts';

const FLUSH_EVERY_MS = 5000;
/** Callers remembered per route between two flushes; the rest share one row. */
const MAX_CALLERS = 10_000;
const OTHER_CALLERS = '(others)';
const NO_CALLER = '(anonymous)';
const KEEP_DAYS = 400;
const BATCH_KEPT_SECONDS = 86_400;
/** Names and counts of one batch: so many keep Redis busy for about a millisecond. */
const MAX_FIELDS = 1000;

/** Adds a batch to the day's table, unless this very batch was added before: a batch may safely be sent again. */
const FLUSH_SCRIPT = `
if not redis.call('SET', KEYS[2], 1, 'NX', 'EX', ${BATCH_KEPT_SECONDS}) then return 0 end
for i = 1, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ${KEEP_DAYS * 86_400})
return 1
`.trim();

/** Counts the calls of one route by caller, until they are sent. */
export class RouteUsage {
  tallies = new Map<string, Tally>();
  /** Of those who called with a key that has an id: by consumer, then by key. */
  #ofKeys = new Map<string, Map<string, Tally>>();
  #keys = 0;

  count(context: RequestContext, cost: number, isAllowed: boolean): void {
    const tally = this.#tallyOf(context);
    if (!isAllowed) tally.refused += 1;
    else {
      tally.calls += 1;
      tally.cost += cost;
    }
  }

  /** Adds to what a call has cost that was counted as allowed. */
  addCost(context: RequestContext, cost: number): void {
    this.#tallyOf(context).cost += cost;
  }

  /** Adds what a language model was sent and has answered. */
  addTokens(context: RequestContext, { input, output, isTold }: TokenCount): void {
    const tally = this.#tallyOf(context);
    tally.tokensIn += input;
    tally.tokensOut += output;
    if (!isTold) tally.tokensEstimated += input + output;
  }

  #tallyOf(context: RequestContext): Tally {
    const { consumer } = context;
    if (consumer?.key !== undefined) return this.#tallyOfKey(consumer.name, consumer.key.id);
    const caller = consumer?.name ?? context.userKey ?? NO_CALLER;
    return this.tallies.get(caller) ?? this.#open(caller);
  }

  /** Moves what was counted into the arguments of a batch. */
  take(route: string, fields: (string | number)[]): void {
    for (const [caller, tally] of this.tallies) addFields(fields, tally, caller, route);
    if (this.tallies.size > 0) this.tallies = new Map();
    for (const [consumer, keys] of this.#ofKeys) {
      for (const [key, tally] of keys) addFields(fields, tally, consumer, route, key);
    }
    if (this.#keys > 0) this.#ofKeys = new Map();
    this.#keys = 0;
  }

  #tallyOfKey(consumer: string, key: string): Tally {
    return this.#ofKeys.get(consumer)?.get(key) ?? this.#openForKey(consumer, key);
  }

  #openForKey(consumer: string, key: string): Tally {
    if (this.#keys >= MAX_CALLERS) return this.tallies.get(consumer) ?? this.#open(consumer);
    const tally = emptyTally();
    const keys = this.#ofKeys.get(consumer);
    if (keys === undefined) this.#ofKeys.set(consumer, new Map([[key, tally]]));
    else keys.set(key, tally);
    this.#keys += 1;
    return tally;
  }

  #open(caller: string): Tally {
    const name = this.tallies.size < MAX_CALLERS ? caller.slice(0, 256) : OTHER_CALLERS;
    const known = this.tallies.get(name);
    if (known !== undefined) return known;
    const tally = emptyTally();
    this.tallies.set(name, tally);
    return tally;
  }
}

function addFields(fields: (string | number)[], tally: Tally, caller: string, route: string, key?: string): void {
  for (const kind of TALLY_KINDS) {
    if (tally[kind] > 0) fields.push(encodeField(kind, caller, route, key), tally[kind]);
  }
}

interface Batch {
  readonly id: string;
  readonly day: string;
  readonly fields: readonly (string | number)[];
}

/**
 * Who called which route how often, by day (UTC), in Redis. Counted here and sent every five seconds in batches,
 * so that a call costs no trip; a batch that may not have arrived is sent again and counted once.
 * A gateway that is killed loses at most what it had not sent; a quota is counted apart from this and loses nothing.
 */
export class UsageLedger {
  readonly #redis: RedisLink;
  readonly #clock: Clock;
  readonly #routes = new Map<string, RouteUsage>();
  readonly #timer: NodeJS.Timeout;
  #batches: Batch[] = [];
  #isSending = false;

  constructor(redis: RedisLink, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  route(name: string): RouteUsage {
    let usage = this.#routes.get(name);
    if (usage === undefined) {
      usage = new RouteUsage();
      this.#routes.set(name, usage);
    }
    return usage;
  }

  /** Sends what has been counted; resolves when Redis has it, or when it doesn't answer. */
  async flush(): Promise<void> {
    if (this.#isSending || !this.#redis.isUp) return;
    if (this.#batches.length === 0) this.#batches = this.#take();
    this.#isSending = true;
    try {
      for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
        await this.#send(batch);
        this.#batches.shift();
      }
    } catch {
      // The batch stays, and goes out with the next flush.
    }
    this.#isSending = false;
  }

  close(): void {
    clearInterval(this.#timer);
    void this.flush();
  }

  async #send({ id, day, fields }: Batch): Promise<void> {
    const keys = createUsageKeys(this.#redis.prefix);
    const reply = await this.#redis.send('EVAL', FLUSH_SCRIPT, 2, keys.day(day), keys.batch(id), ...fields);
    if (reply !== 0 && reply !== 1) throw new Error('Redis did not answer the script of the usage report');
  }

  #take(): Batch[] {
    const fields: (string | number)[] = [];
    for (const [route, usage] of this.#routes) usage.take(route, fields);
    const day = new Date(this.#clock.now()).toISOString().slice(0, 10);
    const batches: Batch[] = [];
    for (let from = 0; from < fields.length; from += MAX_FIELDS)
      batches.push({ id: randomUUID(), day, fields: fields.slice(from, from + MAX_FIELDS) });
    return batches;
  }
}
