import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from '../redis/link.ts';
import { RecentTimes } from './recent-times.ts';
import type { RedisReport } from './report.ts';

/** When the link to Redis went up and down of late. */
export class RedisChanges {
  readonly #clock: Clock;
  readonly #stop: () => void;
  readonly #times = new RecentTimes();
  #sinceMs: number;

  constructor(redis: Pick<RedisLink, 'onChange'>, clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.now();
    this.#stop = redis.onChange(() => this.#note());
  }

  report(): RedisReport {
    return { since: this.#sinceMs, lastTenMinutes: this.#times.count(this.#clock.now()) };
  }

  close(): void {
    this.#stop();
  }

  #note(): void {
    this.#sinceMs = this.#clock.now();
    this.#times.note(this.#sinceMs);
  }
}
