import type { Count } from '../metrics/tally-counter.ts';
import type { Tally } from '../metrics/tally-histogram.ts';

/** What was added to counters and histograms since they were last looked at. Forgets those that are forgotten. */
export class Differences {
  readonly #values = new WeakMap<Count, number>();
  readonly #buckets = new WeakMap<Tally, Float64Array>();

  ofCount(count: Count): number {
    const { value } = count;
    const before = this.#values.get(count) ?? 0;
    if (value !== before) this.#values.set(count, value);
    return value - before;
  }

  /** Of each bucket, written into `added`. */
  ofTally(tally: Tally | undefined, added: Float64Array): void {
    if (tally === undefined) return;
    const { counts } = tally;
    let before = this.#buckets.get(tally);
    if (before === undefined) {
      before = new Float64Array(counts.length);
      this.#buckets.set(tally, before);
    }
    for (let i = 0; i < counts.length; i += 1) added[i] = (counts[i] as number) - (before[i] as number);
    before.set(counts);
  }
}
