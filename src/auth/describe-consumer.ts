import type { StoredConsumer, StoredKey } from './stored-consumer.ts';

/** A consumer as it is told; never a key or its hash. */
export function describeConsumer({ name, plan, groups, roles, scopes, metadata, createdAt, keys }: StoredConsumer) {
  return {
    name,
    plan: plan ?? null,
    groups: groups ?? [],
    roles: roles ?? [],
    scopes: scopes ?? [],
    metadata: metadata ?? {},
    createdAt: createdAt ?? null,
    keys: (keys ?? []).map(({ id }) => id),
  };
}

/** A key as it is told; `scopes` null: all of its consumer's. */
export function describeKey({ id, createdAt, expiresAt, scopes, metadata }: StoredKey) {
  return {
    id,
    createdAt: createdAt ?? null,
    expiresAt: expiresAt ?? null,
    scopes: scopes ?? null,
    metadata: metadata ?? {},
  };
}

/** The same with when it was last used, to the minute; null: never, or longer ago than that is known. */
export function describeUsedKey(key: StoredKey) {
  return {
    ...describeKey(key),
    lastUsedAt: key.usedAtMs === undefined ? null : new Date(key.usedAtMs).toISOString(),
  };
}
