import { z } from 'zod';
import type { MetadataMap } from './caller-facts.ts';

/** A key as it is stored: its hash, never itself. */
export interface StoredKey {
  readonly id: string;
  readonly sha256: string;
  readonly expiresAt?: string | undefined;
  /** Some of its consumer's; undefined: all. */
  readonly scopes?: readonly string[] | undefined;
  readonly metadata?: MetadataMap | undefined;
  readonly createdAt?: string | undefined;
  /** Epoch milliseconds of the last use, to the minute, where the store knows it. */
  readonly usedAtMs?: number | undefined;
}

export interface StoredConsumer {
  readonly name: string;
  readonly plan?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly metadata?: MetadataMap | undefined;
  readonly createdAt?: string | undefined;
  readonly keys?: readonly StoredKey[] | undefined;
  /** scrypt hash. */
  readonly password?: string | undefined;
}

const texts = z.array(z.string());
const map = z.record(z.string(), z.string());

const key = z.object({
  id: z.string(),
  sha256: z.string(),
  expiresAt: z.string().optional(),
  scopes: texts.optional(),
  metadata: map.optional(),
  createdAt: z.string().optional(),
});

/** A consumer as its row in Redis tells it. */
export const storedRow = z.object({
  name: z.string(),
  plan: z.string().optional(),
  groups: texts.optional(),
  roles: texts.optional(),
  scopes: texts.optional(),
  metadata: map.optional(),
  createdAt: z.string().optional(),
  keys: z.array(key).optional(),
});

/** What stands under the hash of a key: all that a gateway needs of it and of its consumer. */
export const storedKey = z.object({
  consumer: z.string(),
  id: z.string(),
  plan: z.string().optional(),
  groups: texts.default([]),
  roles: texts.default([]),
  scopes: texts.default([]),
  metadata: map.optional(),
  expiresAt: z.string().optional(),
  keyScopes: texts.optional(),
  keyMetadata: map.optional(),
});

/** The row of a consumer, without what is told of it and kept elsewhere. */
export function rowOf({ password: _, keys = [], ...consumer }: StoredConsumer): string {
  return JSON.stringify({ ...consumer, keys: keys.map(({ usedAtMs: _usedAtMs, ...kept }) => kept) });
}

/** What stands under the hash of one of its keys. */
export function recordOf(consumer: StoredConsumer, { id, expiresAt, scopes, metadata }: StoredKey): string {
  const { name, plan, groups, roles, scopes: all, metadata: own } = consumer;
  return JSON.stringify({
    consumer: name,
    id,
    plan,
    groups,
    roles,
    scopes: all,
    metadata: own,
    expiresAt,
    keyScopes: scopes,
    keyMetadata: metadata,
  });
}
