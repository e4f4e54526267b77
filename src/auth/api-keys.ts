import { timingSafeEqual } from 'node:crypto';
import type { RequestContext } from '../context.ts';
import type { ConsumerKey } from '../facts.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { hashApiKey, isPlausibleApiKey } from './api-key-format.ts';
import type { MetadataMap } from './caller-facts.ts';
import { identifyConsumer } from './consumer-identity.ts';
import type { ConsumerRow } from './consumers.ts';
import { type Identity, type Outcome, Refusal } from './identity.ts';
import { type KeyUse, KeyUses } from './key-uses.ts';

export const MAX_KEY_CHARS = 512;
const REMEMBERED_KEYS = 10_000;

interface KnownKey {
  readonly id: string;
  readonly digest: Buffer;
  readonly identity: Identity;
  readonly use: KeyUse;
}

/** Finds the consumer of an API key. */
export interface KeyIndex {
  /** False when there is no key that could be accepted. */
  readonly isConfigured: boolean;
  /**
   * The consumer behind a raw key, or why it is refused; the reason doesn't tell unknown from revoked. A dry run is no
   * use of the key.
   */
  check(rawKey: string, nowMs: number, asker?: KeyAsker): Outcome | Promise<Outcome>;
  /** The same by the hash of a key that was sent before; undefined where that can't be told without asking anyone. */
  recognize(sha256: string, atMs: number): Outcome | undefined;
}

/** What a check needs to know of the request that brought the key. */
export type KeyAsker = Pick<RequestContext, 'dryRun' | 'clientAddress'>;

export const NO_ASKER: KeyAsker = { dryRun: false, clientAddress: '' };

/** The keys in the file: an index over the hashes of one snapshot. */
export class ApiKeys implements KeyIndex {
  readonly #byHash = new Map<string, KnownKey>();
  /** Keys that were accepted, so that each is hashed once; dies with the snapshot, and so with a revocation. */
  readonly #remembered = new RecentMap<string, KnownKey>(REMEMBERED_KEYS);

  constructor(consumers: readonly ConsumerRow[], uses = new KeyUses()) {
    for (const row of consumers) {
      for (const key of row.keys) {
        const identity = identifyConsumer('api-key', row, keyOf(key));
        const use = uses.of(row.name, key.id);
        this.#byHash.set(key.sha256.toLowerCase(), {
          id: key.id,
          digest: Buffer.from(key.sha256, 'hex'),
          identity,
          use,
        });
      }
    }
  }

  get isConfigured(): boolean {
    return this.#byHash.size > 0;
  }

  check(rawKey: string, nowMs: number, { dryRun }: KeyAsker = NO_ASKER): Outcome {
    const known = this.#remembered.get(rawKey) ?? this.#find(rawKey);
    if (known === undefined) return UNKNOWN_KEY;
    const { expiresAtMs } = known.identity;
    if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return expiredKey(known.identity, known.id);
    if (!dryRun) known.use.atMs = nowMs;
    return known.identity;
  }

  recognize(sha256: string, atMs: number): Outcome {
    const known = this.#byHash.get(sha256);
    if (known === undefined) return UNKNOWN_KEY;
    const { expiresAtMs } = known.identity;
    return expiresAtMs !== undefined && expiresAtMs <= atMs ? expiredKey(known.identity, known.id) : known.identity;
  }

  #find(rawKey: string): KnownKey | undefined {
    if (rawKey.length > MAX_KEY_CHARS || !isPlausibleApiKey(rawKey)) return undefined;
    const hash = hashApiKey(rawKey);
    const known = this.#byHash.get(hash);
    // The map finds by hash; the comparison that decides takes the same time wherever two hashes part.
    if (known === undefined || !timingSafeEqual(Buffer.from(hash, 'hex'), known.digest)) return undefined;
    this.#remembered.set(rawKey, known);
    return known;
  }
}

/** A key as it is written, in the file or in Redis. */
interface WrittenKey {
  readonly id: string;
  readonly sha256?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly metadata?: MetadataMap | undefined;
}

export function keyOf({ id, sha256, expiresAt, scopes, metadata }: WrittenKey): ConsumerKey {
  const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(expiresAt);
  return { id, sha256: sha256?.toLowerCase(), scopes, metadata, expiresAtMs };
}

export const UNKNOWN_KEY = new Refusal('the API key is not known');

/** Whose key it was is for the log alone, so that somebody can be told. */
export function expiredKey({ consumer, expiresAtMs = 0 }: Identity, id: string): Refusal {
  const since = new Date(expiresAtMs).toISOString();
  return new Refusal('the API key has expired', {
    forLog: `it is "${id}" of consumer "${consumer?.name}", since ${since}`,
    expired: { consumer: consumer?.name ?? '', keyId: id, sinceMs: expiresAtMs },
  });
}
