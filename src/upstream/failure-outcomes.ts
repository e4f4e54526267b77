import type { AttemptOutcome } from '../facts.ts';

/** How the calls failed that a circuit counts, by the parts of its window: they go when their part does. */
export class FailureOutcomes {
  #parts = new WeakMap<object, Map<string, number>>();
  readonly #windowOf: () => readonly object[];

  /** `windowOf`: the parts that are in the window now, the one that is counted in first. */
  constructor(windowOf: () => readonly object[]) {
    this.#windowOf = windowOf;
  }

  readonly note = (outcome: AttemptOutcome): void => {
    const [part] = this.#windowOf();
    if (part === undefined) return;
    let counts = this.#parts.get(part);
    if (counts === undefined) {
      counts = new Map();
      this.#parts.set(part, counts);
    }
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  };

  /** Of the whole window, the most frequent first. */
  sum(): Readonly<Record<string, number>> {
    const sums = new Map<string, number>();
    for (const part of this.#windowOf()) {
      for (const [outcome, count] of this.#parts.get(part) ?? []) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
    }
    return Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
  }

  forget(): void {
    this.#parts = new WeakMap();
  }
}
