import { isDeepStrictEqual } from 'node:util';
import { KEY_ID, type MetadataMap } from './caller-facts.ts';
import type { StoredConsumer, StoredKey } from './stored-consumer.ts';

/** What becomes of a consumer's keys: pure, so that whoever stores them can try it again. */

/** More than anybody rotates at once; each is written again with every change of its consumer. */
export const MAX_KEYS = 100;

/** Why a change of keys can't be made; the message is for whoever asked. */
export class KeyFault extends Error {
  readonly reason: 'taken' | 'missing' | 'full' | 'ended' | 'unlike' | 'invalid';

  constructor(reason: KeyFault['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A key that is to be. */
export interface KeyWish {
  readonly sha256: string;
  /** Default: the next of `k1`, `k2` and so on. */
  readonly id?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly metadata?: MetadataMap | undefined;
  /** Where the store keeps it. */
  readonly createdAt?: string | undefined;
}

export function isLive({ expiresAt }: Pick<StoredKey, 'expiresAt'>, nowMs: number): boolean {
  return expiresAt === undefined || Date.parse(expiresAt) > nowMs;
}

/** The consumer with one key more. Throws a `KeyFault`. */
export function addKey(
  consumer: StoredConsumer,
  wish: KeyWish,
  nowMs: number,
): { after: StoredConsumer; key: StoredKey } {
  const before = consumer.keys ?? [];
  const ids = new Set(before.map(({ id }) => id));
  const { sha256, id = nextId(ids), expiresAt, scopes, metadata, createdAt } = wish;
  if (ids.has(id)) throw new KeyFault('taken', `there is a key "${id}" already`);
  if (!KEY_ID.test(id)) throw new KeyFault('invalid', 'an id has letters, digits, ".", "_" or "-", at most 64');
  const key: StoredKey = {
    id,
    sha256,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(scopes !== undefined && { scopes }),
    ...(metadata !== undefined && { metadata }),
    ...(createdAt !== undefined && { createdAt }),
  };
  return { after: { ...consumer, keys: [...withRoom(before, nowMs), key] }, key };
}

/** What has ended the longest time ago goes where there are too many. */
function withRoom(keys: readonly StoredKey[], nowMs: number): readonly StoredKey[] {
  if (keys.length < MAX_KEYS) return keys;
  const ended = keys.filter((key) => !isLive(key, nowMs));
  const [oldest] = ended.sort((a, b) => Date.parse(a.expiresAt ?? '') - Date.parse(b.expiresAt ?? ''));
  if (oldest === undefined) throw new KeyFault('full', `a consumer has at most ${MAX_KEYS} keys: revoke one first`);
  return keys.filter((key) => key !== oldest);
}

export interface Rotation {
  readonly sha256: string;
  /** Whose place the new key takes; undefined: of all. */
  readonly id?: string | undefined;
  /** Until when those go on, epoch milliseconds. */
  readonly overlapEndMs: number;
  /** When the new key ends, from when the last of the old ones would have. */
  readonly newEnd: (lastEnd: string | undefined) => string | undefined;
  readonly createdAt?: string | undefined;
}

/** A new key in the place of others, with their scopes and metadata, while those go on for a while. Throws a `KeyFault`. */
export function rotateKey(consumer: StoredConsumer, rotation: Rotation, nowMs: number) {
  const { sha256, id, overlapEndMs, newEnd, createdAt } = rotation;
  const keys = consumer.keys ?? [];
  const meant = id === undefined ? keys : [findKey(consumer, id)];
  const live = meant.filter((key) => isLive(key, nowMs));
  const [first, ...others] = live.length === 0 ? meant : live;
  if (others.some((key) => !isAlike(key, first as StoredKey)))
    throw new KeyFault('unlike', 'the keys differ in scopes or metadata: say which one is to be rotated');
  const overlapEnd = new Date(overlapEndMs).toISOString();
  const expiresAt = newEnd(live.length === 0 ? first?.expiresAt : lastEnd(live));
  if (!isLive({ expiresAt }, nowMs)) throw new KeyFault('ended', 'the key has ended: say when the new one does');
  const ending = live.map((key) => (isLive(key, overlapEndMs) ? { ...key, expiresAt: overlapEnd } : key));
  const kept = keys.map((key) => ending.find((one) => one.id === key.id) ?? key);
  const { scopes, metadata } = first ?? {};
  const wish = { sha256, expiresAt, scopes, metadata, createdAt };
  return { ...addKey({ ...consumer, keys: kept }, wish, nowMs), ending, overlapEnd };
}

function isAlike(one: StoredKey, other: StoredKey): boolean {
  const scopesOf = ({ scopes }: StoredKey) => scopes && [...scopes].sort();
  return isDeepStrictEqual(scopesOf(one), scopesOf(other)) && isDeepStrictEqual(one.metadata, other.metadata);
}

/** When the last of these ends; undefined where one never does. */
function lastEnd(keys: readonly StoredKey[]): string | undefined {
  const ends = keys.map(({ expiresAt }) => expiresAt);
  if (ends.includes(undefined)) return undefined;
  return (ends as string[]).sort((a, b) => Date.parse(b) - Date.parse(a))[0];
}

/** The consumer without a key. Throws a `KeyFault`. */
export function dropKey(consumer: StoredConsumer, id: string): StoredConsumer {
  const gone = findKey(consumer, id);
  return { ...consumer, keys: consumer.keys?.filter((key) => key !== gone) };
}

export function findKey({ name, keys = [] }: StoredConsumer, id: string): StoredKey {
  const key = keys.find((one) => one.id === id);
  if (key === undefined) throw new KeyFault('missing', `consumer "${name}" has no key "${id}"`);
  return key;
}

function nextId(taken: ReadonlySet<string>): string {
  let number = taken.size + 1;
  while (taken.has(`k${number}`)) number += 1;
  return `k${number}`;
}
