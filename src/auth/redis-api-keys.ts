import type { Logger } from 'winston';
import type { Clock } from '../lib/clock.ts';
import { Complaints } from '../lib/complaints.ts';
import { FairQueue } from '../lib/fair-queue.ts';
import { networkKey } from '../lib/network-key.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Kind, Pool } from '../pool.ts';
import type { RedisLink } from '../redis/link.ts';
import { hashApiKey, isPlausibleApiKey } from './api-key-format.ts';
import { expiredKey, type KeyAsker, type KeyIndex, keyOf, MAX_KEY_CHARS, NO_ASKER, UNKNOWN_KEY } from './api-keys.ts';
import { identifyConsumer } from './consumer-identity.ts';
import { type Groups, NO_GROUPS, withGroups } from './groups.ts';
import { type Identity, type Outcome, Refusal } from './identity.ts';
import { isLive } from './key-changes.ts';
import { CONSUMER_KEYS, type ToldChange } from './redis-consumers.ts';
import { recordOf, type StoredConsumer, storedKey } from './stored-consumer.ts';

/** How long an answer is believed, a refusal as well: so a change is seen everywhere within a second. */
const FRESH_MS = 1000;
/** How long a key goes on while Redis does not answer. */
const STALE_MS = 5 * 60_000;
/** How often the last use of a key is written down. */
const USED_EVERY_MS = 60_000;
const REMEMBERED_KEYS = 10_000;
const MAX_ASKING = 1000;

const UNAVAILABLE = new Refusal('the store of consumers does not answer', { code: 'auth_unavailable' });

interface StoredIdentity {
  readonly id: string;
  readonly identity: Identity;
}

interface Known {
  readonly stored: StoredIdentity | undefined;
  readonly askedAtMs: number;
  readonly usedAtMs: number;
}

/** API keys of consumers that are kept in Redis, looked up by hash; answers are remembered, bounded, for a second. */
export class RedisApiKeys implements KeyIndex {
  readonly #redis: RedisLink | undefined;
  readonly #clock: Clock;
  readonly #groups: Groups;
  readonly #complaints: Complaints;
  readonly #known = new RecentMap<string, Known>(REMEMBERED_KEYS);
  readonly #places = new FairQueue({ atOnce: MAX_ASKING });
  readonly #asking = new Map<string, Promise<Outcome>>();

  /** Without Redis every key is unavailable: nobody can tell. */
  constructor(redis: RedisLink | undefined, clock: Clock, log: Pick<Logger, 'warn'>, groups = NO_GROUPS) {
    this.#groups = groups;
    this.#redis = redis;
    this.#clock = clock;
    this.#complaints = new Complaints((...said) => void log.warn(...said));
  }

  get isConfigured(): boolean {
    return this.#redis !== undefined;
  }

  check(rawKey: string, nowMs: number, asker: KeyAsker = NO_ASKER): Outcome | Promise<Outcome> {
    if (rawKey.length > MAX_KEY_CHARS || !isPlausibleApiKey(rawKey)) return UNKNOWN_KEY;
    const hash = hashApiKey(rawKey);
    const known = this.#known.get(hash);
    if (known !== undefined && nowMs - known.askedAtMs < FRESH_MS) return judge(known.stored, nowMs);
    const asking = this.#asking.get(hash);
    if (asking !== undefined) return asking;
    if (this.#redis === undefined) return fallBack(known, nowMs);
    const answer = this.#askInTurn(this.#redis, hash, known, asker, nowMs).finally(() => this.#asking.delete(hash));
    this.#asking.set(hash, answer);
    return answer;
  }

  recognize(): undefined {
    return undefined;
  }

  async #askInTurn(
    redis: RedisLink,
    hash: string,
    known: Known | undefined,
    { dryRun, clientAddress }: KeyAsker,
    nowMs: number,
  ): Promise<Outcome> {
    const caller = networkKey(clientAddress);
    if (!(await this.#places.enter(caller, known?.stored !== undefined, nowMs)))
      return fallBack(this.#known.get(hash), nowMs);
    try {
      const outcome = await this.#ask(redis, hash, this.#known.get(hash), dryRun);
      if (outcome === UNKNOWN_KEY) this.#places.blame(caller, nowMs);
      return outcome;
    } finally {
      this.#places.leave();
    }
  }

  async #ask(redis: RedisLink, hash: string, before: Known | undefined, dryRun: boolean): Promise<Outcome> {
    try {
      const record = await redis.send('HGET', redis.prefix + CONSUMER_KEYS.keys, hash);
      // What Redis has not is null; anything else that is no text is no answer to this.
      if (record !== null && typeof record !== 'string') throw new Error(`HGET was answered with ${typeof record}`);
      const learned = this.#known.get(hash);
      // Changed from here while the answer was on its way: it may be of before.
      if (learned !== undefined && learned !== before) return this.#ask(redis, hash, learned, dryRun);
      return this.#remember(redis, hash, record, before?.usedAtMs ?? 0, dryRun);
    } catch (error) {
      if (redis.isUp) this.#complaints.say('a consumer could not be read from Redis', error);
      return fallBack(this.#known.get(hash), this.#clock.now());
    }
  }

  #remember(redis: RedisLink, hash: string, record: string | null, lastUsedAtMs: number, dryRun: boolean): Outcome {
    const nowMs = this.#clock.now();
    const stored = record === null ? undefined : readRecord(record, this.#groups);
    const isUseDue = !dryRun && stored !== undefined && nowMs - lastUsedAtMs >= USED_EVERY_MS;
    if (isUseDue) this.#writeUse(redis, hash, nowMs);
    this.#known.set(hash, { stored, askedAtMs: nowMs, usedAtMs: isUseDue ? nowMs : lastUsedAtMs });
    return judge(stored, nowMs);
  }

  #writeUse(redis: RedisLink, hash: string, nowMs: number): void {
    redis.send('HSET', redis.prefix + CONSUMER_KEYS.used, hash, nowMs).catch((error: unknown) => {
      this.#complaints.say('the last use of a key could not be written to Redis', error);
    });
  }

  /**
   * Hears of a change that was made from here: what it took away does not pass while Redis is silent. One that may not
   * have been made ends what it meant to end, until Redis says that it goes on.
   */
  learn({ before, after, isDoubtful }: ToldChange): void {
    const nowMs = this.#clock.now();
    for (const { sha256 } of before?.keys ?? []) {
      const record = recordAfter(sha256, after, nowMs);
      const isToldHere = this.#known.get(sha256) !== undefined || this.#asking.has(sha256);
      if (!isToldHere || (isDoubtful && record !== undefined)) continue;
      this.#known.set(sha256, {
        stored: record === undefined ? undefined : readRecord(record, this.#groups),
        askedAtMs: isDoubtful ? Number.NEGATIVE_INFINITY : nowMs,
        usedAtMs: this.#known.get(sha256)?.usedAtMs ?? 0,
      });
    }
  }
}

/** What stands of a key after a change; undefined where the change ends it. */
function recordAfter(sha256: string, after: StoredConsumer | undefined, nowMs: number): string | undefined {
  const key = after?.keys?.find((one) => one.sha256 === sha256);
  return after !== undefined && key !== undefined && isLive(key, nowMs) ? recordOf(after, key) : undefined;
}

/** Those of this process, which outlive a reload as long as groups stay what they are. */
export const redisKeysKind: Kind<RedisApiKeys> = { name: 'redis-api-keys', close() {} };

/** Tells what this process remembers of keys what it has changed itself. */
export function createChangeTeller(pool: Pick<Pool, 'list'>): (change: ToldChange) => void {
  return function tell(change) {
    for (const keys of pool.list(redisKeysKind)) keys.learn(change);
  };
}

/** While nobody can be asked, what was true a moment ago still is; a key never seen can't be judged. */
function fallBack(known: Known | undefined, nowMs: number): Outcome {
  if (known?.stored === undefined || nowMs - known.askedAtMs > STALE_MS) return UNAVAILABLE;
  return judge(known.stored, nowMs);
}

function judge(stored: StoredIdentity | undefined, nowMs: number): Outcome {
  if (stored === undefined) return UNKNOWN_KEY;
  const { id, identity } = stored;
  return identity.expiresAtMs !== undefined && identity.expiresAtMs <= nowMs ? expiredKey(identity, id) : identity;
}

/** The identity in a record; throws where the record is none, which is the store's fault and not the caller's. */
function readRecord(record: string, groups: Groups): StoredIdentity {
  const { consumer: name, id, expiresAt, keyScopes, keyMetadata, ...said } = storedKey.parse(JSON.parse(record));
  const key = keyOf({ id, expiresAt, scopes: keyScopes, metadata: keyMetadata });
  return { id, identity: identifyConsumer('api-key', withGroups({ name, ...said }, groups), key) };
}
