/** Where a thing stands in its list, or -1. A field of the thing, written by the list alone. */
export interface Listed {
  openAt: number;
}

/**
 * Things that come and go all the time, few of them at once. A `Set` would be made anew after every few dozen of them,
 * and V8 has each table that it gives up point to the next: once one of those is in the old generation, all that were
 * ever in the following ones stay alive until that is collected, and each scavenge copies them (Node 26.10).
 */
export class OpenList<T extends Listed> implements Iterable<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.openAt = this.#items.length;
    this.#items.push(item);
  }

  has(item: T): boolean {
    return this.#items[item.openAt] === item;
  }

  /** False where it is not in here. */
  delete(item: T): boolean {
    const at = item.openAt;
    if (!this.has(item)) return false;
    const last = this.#items.pop() as T;
    if (last !== item) {
      this.#items[at] = last;
      last.openAt = at;
    }
    item.openAt = -1;
    return true;
  }

  /** All that are in here now; what leaves meanwhile is left out. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const item of [...this.#items]) if (item.openAt >= 0) yield item;
  }
}
