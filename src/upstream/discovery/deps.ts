import type { Deps } from '../../deps.ts';
import type { Settings } from '../../settings.ts';

/** What discovery needs from outside; the rest is for tests. */
export interface DiscoveryDeps {
  readonly settings: Pick<Settings, 'port' | 'adminPort' | 'consulHttpAddr' | 'consulHttpToken'>;
  readonly log: Pick<Deps['log'], 'info' | 'warn'>;
  readonly random?: () => number;
  /** How long the last targets stay when discovery suddenly knows of none. Default 60 s. */
  readonly emptyGraceMs?: number;
  /** Consul: how long it may hold a query without news. Default 60 s: how long a silent loss of it may go unnoticed. */
  readonly waitMs?: number;
  /** Consul: what is granted beyond the wait and the 1/16 of it that Consul itself adds. Default 5 s. */
  readonly slackMs?: number;
}
