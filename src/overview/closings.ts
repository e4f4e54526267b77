import type { TallyCounter } from '../metrics/tally-counter.ts';
import { Differences } from './differences.ts';
import { RecentTimes } from './recent-times.ts';

/** How often each circuit has closed again of late: one that opens and closes by turns is often found closed. */
export class Closings {
  readonly #differences = new Differences();
  readonly #times = new Map<string, RecentTimes>();

  /** @param transitions of circuits, by breaker and by the state that it went to. */
  step(transitions: TallyCounter, nowMs: number): void {
    const known = new Set(transitions.firsts());
    for (const breaker of known) {
      transitions.each(breaker, ({ to }, count) => {
        const added = to === 'closed' ? this.#differences.ofCount(count) : 0;
        for (let time = 0; time < added; time += 1) this.#note(breaker, nowMs);
      });
    }
    for (const breaker of this.#times.keys()) if (!known.has(breaker)) this.#times.delete(breaker);
  }

  /** In the last ten minutes. */
  count(breaker: string, nowMs: number): number {
    return this.#times.get(breaker)?.count(nowMs) ?? 0;
  }

  #note(breaker: string, nowMs: number): void {
    const times = this.#times.get(breaker) ?? new RecentTimes();
    this.#times.set(breaker, times);
    times.note(nowMs);
  }
}
