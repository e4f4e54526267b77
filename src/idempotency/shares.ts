interface Share<Item> {
  readonly items: Map<Item, number>;
  weight: number;
}

/** Things of callers with their weight, in the order in which they came: of all, and of each caller. */
export class Shares<Item extends { readonly caller: string }> {
  readonly #all = new Map<Item, number>();
  readonly #callers = new Map<string, Share<Item>>();
  #weight = 0;

  get weight(): number {
    return this.#weight;
  }

  weightOf(caller: string): number {
    return this.#callers.get(caller)?.weight ?? 0;
  }

  add(item: Item, weight: number): void {
    this.remove(item);
    let share = this.#callers.get(item.caller);
    if (share === undefined) {
      share = { items: new Map(), weight: 0 };
      this.#callers.set(item.caller, share);
    }
    share.items.set(item, weight);
    share.weight += weight;
    this.#all.set(item, weight);
    this.#weight += weight;
  }

  /** False when it was not there. */
  remove(item: Item): boolean {
    const weight = this.#all.get(item);
    const share = this.#callers.get(item.caller);
    if (weight === undefined || share === undefined) return false;
    this.#all.delete(item);
    this.#weight -= weight;
    share.items.delete(item);
    share.weight -= weight;
    if (share.items.size === 0) this.#callers.delete(item.caller);
    return true;
  }

  oldest(): Item | undefined {
    return this.#all.keys().next().value;
  }

  oldestOf(caller: string): Item | undefined {
    return this.#callers.get(caller)?.items.keys().next().value;
  }

  clear(): void {
    this.#all.clear();
    this.#callers.clear();
    this.#weight = 0;
  }
}
