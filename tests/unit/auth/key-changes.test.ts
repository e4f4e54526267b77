import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addKey, dropKey, KeyFault, MAX_KEYS, rotateKey } from '../../../src/auth/key-changes.ts';
import type { StoredConsumer, StoredKey } from '../../../src/auth/stored-consumer.ts';
import { NOW_MS } from '../../support/auth.ts';

const HOUR_MS = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const keyed = (...keys: readonly Partial<StoredKey>[]): StoredConsumer => ({
  name: 'app',
  keys: keys.map((key, index) => ({ id: `old${index}`, sha256: `${index}`, ...key })),
});
const reasonOf = (act: () => unknown): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof KeyFault ? error.reason : String(error);
  }
};
const rotation = (id?: string) => ({
  sha256: 'new',
  id,
  overlapEndMs: NOW_MS + HOUR_MS,
  newEnd: (lastEnd: string | undefined) => lastEnd,
});

test('a consumer has so many keys at most; the one that ended the longest time ago makes room', () => {
  const live = Array.from({ length: MAX_KEYS }, () => ({}));
  assert.equal(
    reasonOf(() => addKey(keyed(...live), { sha256: 'new' }, NOW_MS)),
    'full',
  );
  const ended = live.map((_, index) =>
    index === 3 ? { expiresAt: iso(NOW_MS - 2) } : index === 5 ? { expiresAt: iso(NOW_MS - 1) } : {},
  );
  const { after, key } = addKey(keyed(...ended), { sha256: 'new' }, NOW_MS);
  assert.equal(after.keys?.length, MAX_KEYS);
  assert.ok(after.keys?.every(({ id }) => id !== 'old3') && after.keys.some(({ id }) => id === 'old5'));
  assert.equal(key.id, `k${MAX_KEYS + 1}`);
});

test('a new key takes over what the old one was; of keys that differ one must be named', () => {
  const reader = { scopes: ['read'], metadata: { env: 'test' }, expiresAt: iso(NOW_MS + 9 * HOUR_MS) };
  const { after, key, ending } = rotateKey(keyed(reader, {}), rotation('old0'), NOW_MS);
  assert.deepEqual([key.scopes, key.metadata, key.expiresAt], [reader.scopes, reader.metadata, reader.expiresAt]);
  assert.deepEqual(
    ending.map(({ id, expiresAt }) => [id, expiresAt]),
    [['old0', iso(NOW_MS + HOUR_MS)]],
  );
  assert.equal(after.keys?.find(({ id }) => id === 'old1')?.expiresAt, undefined);
  assert.equal(
    reasonOf(() => rotateKey(keyed(reader, {}), rotation(), NOW_MS)),
    'unlike',
  );
  assert.equal(rotateKey(keyed({ scopes: ['a', 'b'] }, { scopes: ['b', 'a'] }), rotation(), NOW_MS).ending.length, 2);
});

test('what has ended, and what is not there, is neither rotated nor revoked in silence', () => {
  const ended = keyed({ expiresAt: iso(NOW_MS - 1) });
  assert.equal(
    reasonOf(() => rotateKey(ended, rotation('old0'), NOW_MS)),
    'ended',
  );
  assert.equal(
    reasonOf(() => rotateKey(ended, rotation('other'), NOW_MS)),
    'missing',
  );
  assert.equal(
    reasonOf(() => dropKey(ended, 'other')),
    'missing',
  );
});
