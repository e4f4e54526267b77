import type { Deps } from '../deps.ts';
import type { Gateway } from '../gateway.ts';
import type { Drain } from '../server/drain.ts';
import type { RememberingReloader } from '../server/reload-history.ts';
import type { Closings } from './closings.ts';
import type { CountedFaults } from './counted-faults.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { RedisChanges } from './redis-changes.ts';
import type { Sampler } from './sampler.ts';

/** What an overview is made of. */
export interface OverviewSource {
  readonly deps: Deps;
  readonly gateway: Pick<Gateway, 'snapshot' | 'inFlight'>;
  readonly reloader: Pick<RememberingReloader, 'history'>;
  readonly drain: Pick<Drain, 'isDraining'>;
  /** Host and port, as far as it is known by now. */
  readonly instance: () => string;
}

/** What watches the gateway for the overview. */
export interface Watchers {
  readonly sampler: Sampler;
  readonly loop: LoopDelay;
  readonly faults: CountedFaults;
  readonly closings: Closings;
  readonly redisChanges: RedisChanges | undefined;
  readonly version: string;
}
