import { MINUTE_STEPS } from './axis.ts';

type Counts = Map<string, Map<string, number>>;

/** Counts by name and word, none where nothing happened. */
export type CountsByName = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** What was counted in the last minute under two words: refusals by route and code, say. Holds what happened, and no zeros. */
export class MinuteCounts {
  readonly #steps: Counts[] = [];
  #current: Counts = new Map();

  add(name: string, word: string, amount: number): void {
    if (amount > 0) addTo(this.#current, name, word, amount);
  }

  /** The step ends. */
  step(): void {
    this.#steps.push(this.#current);
    if (this.#steps.length > MINUTE_STEPS) this.#steps.shift();
    this.#current = new Map();
  }

  sum(): CountsByName {
    const sum: Counts = new Map();
    for (const step of this.#steps)
      for (const [name, words] of step) for (const [word, amount] of words) addTo(sum, name, word, amount);
    return sum;
  }
}

function addTo(counts: Counts, name: string, word: string, amount: number): void {
  let words = counts.get(name);
  if (words === undefined) {
    words = new Map();
    counts.set(name, words);
  }
  words.set(word, (words.get(word) ?? 0) + amount);
}
