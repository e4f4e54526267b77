import type { CacheUsage } from '../metrics/watched.ts';
import type { Kind } from '../pool.ts';
import type { RedisLink } from '../redis/link.ts';
import type { StageDeps } from '../stage.ts';
import { CollectBudget } from './body-collector.ts';
import { Collapse } from './collapse.ts';
import { MemoryStore } from './memory-store.ts';
import { Purges, purgesKind } from './purges.ts';
import { MAX_BODY_BYTES, RedisStore } from './redis-store.ts';
import type { Store } from './store.ts';

/** What all routes with a cache share; it outlives reloads. */
export interface SharedCache {
  /** True where nothing of it leaves this process. */
  readonly isLocal: boolean;
  readonly store: Store;
  /** What is stored in the memory of this process. */
  readonly usage: CacheUsage;
  readonly purges: Purges;
  readonly collapse: Collapse;
  readonly budget: CollectBudget;
  /** The longest body that is stored, where this is the bound for all. */
  longestBody(maxBytes: number): number;
  /** Another bound for what is stored in this process. */
  resize(maxBytes: number): void;
  close(): void;
}

/** One for the process. */
export const sharedKind: Kind<SharedCache> = { name: 'cache', close: (shared) => shared.close() };

/** Leases it, made with the first route that has a cache. */
export function useSharedCache(deps: StageDeps, maxBytes: number): SharedCache {
  const { clock, log, redis, lease } = deps;
  const purges = lease.use(purgesKind, '', () => new Purges({ clock, log, redis }));
  return lease.use(sharedKind, '', () =>
    redis === undefined ? inMemory(deps, purges, maxBytes) : inRedis(deps, purges, redis, maxBytes),
  );
}

function inMemory({ clock, deadlines, metrics }: StageDeps, purges: Purges, maxBytes: number): SharedCache {
  const store = new MemoryStore(maxBytes, () => clock.now());
  const budget = new CollectBudget(collectBytes(maxBytes));
  metrics.watchCache(() => store.usage);
  return {
    isLocal: true,
    store,
    get usage() {
      return store.usage;
    },
    purges,
    collapse: new Collapse(deadlines),
    budget,
    longestBody: (bytes) => Math.floor(bytes / 16),
    resize(bytes) {
      store.resize(bytes);
      budget.resize(collectBytes(bytes));
    },
    close: () => store.clear(),
  };
}

/**
 * Where there is a Redis, nothing is kept in the process: what one gateway is told to forget is forgotten by all, and a
 * Redis that is gone leaves nothing behind that nobody can purge.
 */
function inRedis({ deadlines }: StageDeps, purges: Purges, redis: RedisLink, maxBytes: number): SharedCache {
  const store = new RedisStore(redis, () => void purges.add({ all: true }));
  const budget = new CollectBudget(collectBytes(maxBytes));
  return {
    isLocal: false,
    store,
    usage: NOTHING_HERE,
    purges,
    collapse: new Collapse(deadlines),
    budget,
    longestBody: () => MAX_BODY_BYTES,
    resize: (bytes) => budget.resize(collectBytes(bytes)),
    close: () => store.close(),
  };
}

const NOTHING_HERE: CacheUsage = { bytes: 0, entries: 0 };

/** What is being collected may take a quarter more than what is stored. */
function collectBytes(maxBytes: number): number {
  return Math.ceil(maxBytes / 4);
}
