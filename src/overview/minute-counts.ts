import { MINUTE_STEPS } from './axis.ts';

type Counts = Map<string, Map<string, number>>;

/** What was counted in the last minute under two words: refusals by route and code, say. Holds what happened, and no zeros. */
export class MinuteCounts {
  readonly #steps: Counts[] = [];
  #current: Counts = new Map();

  add(name: string, word: string, amount: number): void {
    if (amount <= 0) return;
    let words = this.#current.get(name);
    if (words === undefined) {
      words = new Map();
      this.#current.set(name, words);
    }
    addTo(words, word, amount);
  }

  /** The step ends. */
  step(): void {
    this.#steps.push(this.#current);
    if (this.#steps.length > MINUTE_STEPS) this.#steps.shift();
    this.#current = new Map();
  }

  /** By word, of one name. */
  of(name: string): ReadonlyMap<string, number> {
    const sum = new Map<string, number>();
    for (const step of this.#steps) for (const [word, amount] of step.get(name) ?? []) addTo(sum, word, amount);
    return sum;
  }

  /** By word, of all names together. */
  ofAll(): ReadonlyMap<string, number> {
    const sum = new Map<string, number>();
    for (const step of this.#steps)
      for (const words of step.values()) for (const [word, amount] of words) addTo(sum, word, amount);
    return sum;
  }
}

function addTo(words: Map<string, number>, word: string, amount: number): void {
  words.set(word, (words.get(word) ?? 0) + amount);
}
