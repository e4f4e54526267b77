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

  /** Of each bucket; undefined where nothing was observed. */
  ofTally(tally: Tally): Float64Array | undefined {
    const { counts } = tally;
    const before = this.#buckets.get(tally);
    if (before === undefined) {
      if (counts.every((count) => count === 0)) return undefined;
      this.#buckets.set(tally, counts.slice());
      return counts.slice();
    }
    if (counts.every((count, place) => count === before[place])) return undefined;
    const added = counts.map((count, place) => count - (before[place] as number));
    before.set(counts);
    return added;
  }
}
