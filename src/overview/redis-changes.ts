import type { Clock } from '../lib/clock.ts';
import { redactText } from '../lib/redact.ts';
import type { RedisLink } from '../redis/link.ts';
import { RecentTimes } from './recent-times.ts';
import type { RedisChange, RedisReport } from './report.ts';

/** So many changes are told one by one. */
const KEPT = 20;

type Link = Pick<RedisLink, 'onChange' | 'address' | 'isUp' | 'lastError'>;

/** When the link to Redis went up and down of late, and why. */
export class RedisChanges {
  readonly #redis: Link;
  readonly #clock: Clock;
  readonly #stop: () => void;
  readonly #times = new RecentTimes();
  /** The newest first. */
  #changes: readonly RedisChange[] = [];
  #sinceMs: number;

  constructor(redis: Link, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
    this.#sinceMs = clock.now();
    this.#stop = redis.onChange((isUp, reason) => this.#note(isUp, reason));
  }

  report(): RedisReport {
    return {
      address: this.#redis.address,
      since: this.#sinceMs,
      lastTenMinutes: this.#times.count(this.#clock.now()),
      changes: this.#changes.length > 0 ? this.#changes : this.#sinceStart(),
    };
  }

  close(): void {
    this.#stop();
  }

  /** One that was never up has not changed, and why is asked all the same. */
  #sinceStart(): readonly RedisChange[] {
    const { isUp, lastError } = this.#redis;
    return isUp ? [] : [{ at: this.#sinceMs, to: 'down', reason: redactText(lastError) }];
  }

  #note(isUp: boolean, reason: string): void {
    const at = this.#clock.now();
    this.#sinceMs = at;
    this.#times.note(at);
    const change: RedisChange = { at, to: isUp ? 'up' : 'down', reason: redactText(reason) };
    this.#changes = [change, ...this.#changes.slice(0, KEPT - 1)];
  }
}
