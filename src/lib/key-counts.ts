/** Counts by key what is under way. Bounded by what is counted: a key that is down to nothing is not remembered. */
export class KeyCounts {
  readonly #counts = new Map<string, number>();

  /** Keys with something under way. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
