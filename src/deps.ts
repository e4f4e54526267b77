import type { Logger } from 'winston';
import type { Clock } from './lib/clock.ts';
import type { Deadlines } from './lib/deadlines.ts';
import type { OpenSockets } from './lib/open-sockets.ts';
import type { Metrics } from './metrics.ts';
import type { Pool } from './pool.ts';
import type { RedisLink } from './redis/link.ts';
import type { Settings } from './settings.ts';

/** What lives as long as the process, made once in main and handed down. */
export interface Deps {
  readonly settings: Settings;
  /** The gateway's own messages; one line a request goes to `accessLog`. */
  readonly log: Logger;
  /** Takes one finished access-log record; never blocks. */
  readonly accessLog: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly pool: Pool;
  /** Deadlines of requests in flight. */
  readonly deadlines: Deadlines;
  /** WebSockets that are open, through all snapshots. */
  readonly sockets: OpenSockets;
  /** Undefined without REDIS_URL. */
  readonly redis: RedisLink | undefined;
}
