import { revocationsKind } from '../auth/revocations.ts';
import type { Deps } from '../deps.ts';
import { settledWithin } from '../lib/settled-within.ts';
import { bansKind } from '../limits/bans.ts';
import { isUpWithin } from '../redis/link.ts';

/** How long a start waits for Redis; a gateway starts without it, too. */
const WITHIN_MS = 500;

/**
 * Waits, for a moment, until this gateway knows what the others know. One that listens before it has reached Redis
 * grants limits of its own, and takes tokens that were revoked and callers that are banned.
 */
export async function readShared({ redis, pool }: Pick<Deps, 'redis' | 'pool'>): Promise<void> {
  if (redis === undefined) return;
  const startedAtMs = performance.now();
  if (!(await isUpWithin(redis, WITHIN_MS))) return;
  const lists = [...pool.list(revocationsKind), ...pool.list(bansKind)];
  const leftMs = Math.max(0, WITHIN_MS - (performance.now() - startedAtMs));
  await settledWithin(Promise.all(lists.map((list) => list.load())), leftMs);
}
