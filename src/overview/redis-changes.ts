import type { Clock } from '../lib/clock.ts';
import type { RedisLink } from '../redis/link.ts';
import type { RedisReport } from './report.ts';

const TEN_MINUTES_MS = 600_000;
/** A link looks twice a second, so it hardly changes more often in ten minutes. */
const MAX_CHANGES = 1200;

/** When the link to Redis went up and down of late: one that flaps looks well to whoever looks at the right moment. */
export class RedisChanges {
  readonly #clock: Clock;
  readonly #stop: () => void;
  #atMs: number[] = [];
  #sinceMs: number;

  constructor(redis: Pick<RedisLink, 'onChange'>, clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.now();
    this.#stop = redis.onChange(() => this.#note());
  }

  report(): RedisReport {
    const fromMs = this.#clock.now() - TEN_MINUTES_MS;
    return { since: this.#sinceMs, lastTenMinutes: this.#atMs.filter((atMs) => atMs >= fromMs).length };
  }

  close(): void {
    this.#stop();
  }

  #note(): void {
    this.#sinceMs = this.#clock.now();
    this.#atMs.push(this.#sinceMs);
    if (this.#atMs.length > MAX_CHANGES) this.#atMs = this.#atMs.slice(-MAX_CHANGES / 2);
  }
}
