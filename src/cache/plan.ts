import type { RequestContext } from '../context.ts';
import type { CollectBudget } from './body-collector.ts';
import type { Result } from './cache-status.ts';
import type { Collapse } from './collapse.ts';
import type { Entry } from './entry.ts';
import type { FreshnessRules } from './freshness.ts';
import type { KeyPlan, Names } from './key.ts';
import type { Purges } from './purges.ts';
import type { RequestTerms } from './request-terms.ts';
import type { Mark, Store } from './store.ts';
import type { ToldFields } from './told-fields.ts';

/** What a route does with answers; made once a route, when a snapshot is compiled. */
export interface CachePlan extends KeyPlan {
  /** Its name. */
  readonly route: string;
  readonly rules: FreshnessRules;
  readonly maxBodyBytes: number;
  /** How long the reader of an answer may stand still. */
  readonly idleMs: number;
  readonly store: Store;
  readonly purges: Purges;
  readonly collapse: Collapse;
  readonly budget: CollectBudget;
  /** Epoch milliseconds. */
  now(): number;
  count(result: Result): void;
}

/** A name that a request may have its answer under. */
export interface Spot {
  /** Without what Vary adds to it. */
  readonly base: string;
  /** The names that answers under it depend on, as far as is known. */
  readonly vary: readonly string[];
  /** What stands there for this very request. */
  readonly name: string;
  readonly entry: Entry | undefined;
}

/** A request that asks for an answer that may be stored. */
export interface Ask {
  readonly context: RequestContext;
  readonly next: (error?: unknown) => void;
  readonly told: ToldFields;
  readonly names: Names;
  readonly terms: RequestTerms;
  /** How long it may wait for others (`performance.now()`). */
  readonly waitUntilMs: number;
}

/** What was found for it. */
export interface Look {
  readonly common: Spot;
  readonly own: Spot | undefined;
  readonly mark: Mark;
}
