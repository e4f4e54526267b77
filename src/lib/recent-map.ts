/**
 * A map that is bounded by weight and keeps what was used lately: two generations instead of a linked list.
 *
 * A hit in the young generation is one lookup and no write, which is what a hot path wants. When the young one is
 * full it becomes the old one, and the old one is forgotten; whatever is used meanwhile moves back. So it holds at
 * most twice `capacity`, and never forgets the `capacity` used last.
 */
export class RecentMap<Key, Value> {
  readonly #capacity: number;
  #young = new Map<Key, Weighted<Value>>();
  #old = new Map<Key, Weighted<Value>>();
  #weight = 0;

  /** `capacity` is the weight of one generation, in the unit of `set` (entries by default). */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#put(key, old);
    return old.value;
  }

  set(key: Key, value: Value, weight = 1): void {
    this.delete(key);
    this.#put(key, { value, weight });
  }

  delete(key: Key): void {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.#weight -= young.weight;
      this.#young.delete(key);
    }
    this.#old.delete(key);
  }

  /** All that is remembered, in no order. */
  *entries(): Generator<[Key, Value]> {
    for (const generation of [this.#young, this.#old]) for (const [key, { value }] of generation) yield [key, value];
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#weight = 0;
  }

  #put(key: Key, entry: Weighted<Value>): void {
    if (this.#weight + entry.weight > this.#capacity && this.#young.size > 0) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(key, entry);
    this.#weight += entry.weight;
  }
}

interface Weighted<Value> {
  readonly value: Value;
  readonly weight: number;
}
