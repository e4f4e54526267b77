import { finish, type Steps } from './lib/steps.ts';

/**
 * What outlives a reload: breakers, connection pools, limiters, proxies. Keyed by identity, reference-counted.
 *
 * A snapshot takes everything through one lease. A new snapshot takes its lease before the old one lets go, so a
 * thing that both want is never closed in between, and a thing that only the old one wanted is closed with it.
 */
export class Pool {
  readonly #entries = new Map<string, Entry>();

  lease(): Lease {
    return new Lease(this.#entries);
  }

  /** Every live thing of one kind, for health, metrics and state. */
  list<T>(kind: Kind<T>): T[] {
    const found: T[] = [];
    for (const entry of this.#entries.values()) if (entry.kind === kind.name) found.push(entry.value as T);
    return found;
  }

  /** How many things are alive; what a reload test watches. */
  get size(): number {
    return this.#entries.size;
  }
}

/** A kind of pooled thing: a name for its keys, and how it is closed. */
export interface Kind<T> {
  readonly name: string;
  close(value: T): void;
}

interface Entry {
  readonly kind: string;
  readonly value: unknown;
  readonly close: () => void;
  references: number;
}

export class Lease {
  readonly #entries: Map<string, Entry>;
  readonly #held = new Set<string>();

  constructor(entries: Map<string, Entry>) {
    this.#entries = entries;
  }

  /** The thing of this kind and key: the living one, or a new one. The key must name everything that shapes it. */
  use<T>(kind: Kind<T>, key: string, create: () => T): T {
    const id = `${kind.name}\n${key}`;
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const value = create();
      entry = { kind: kind.name, value, close: () => kind.close(value), references: 0 };
      this.#entries.set(id, entry);
    }
    if (!this.#held.has(id)) {
      this.#held.add(id);
      entry.references += 1;
    }
    return entry.value as T;
  }

  /** Lets go of one thing before the rest. */
  drop(kind: { readonly name: string }, key: string): void {
    this.#letGo(`${kind.name}\n${key}`);
  }

  /** Lets go of everything; what nobody else holds is closed. */
  release(): void {
    finish(this.releaseInSteps());
  }

  /** The same, a step for each thing. */
  *releaseInSteps(): Steps<void> {
    for (const id of this.#held) {
      this.#letGo(id);
      yield;
    }
  }

  #letGo(id: string): void {
    if (!this.#held.delete(id)) return;
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.references -= 1;
    if (entry.references > 0) return;
    this.#entries.delete(id);
    entry.close();
  }
}

/**
 * Something that was compiled, with the lease on what it uses. Snapshots that share it hold it together: what the
 * last of them lets go of is closed.
 */
export class Holding<T> {
  readonly value: T;
  readonly #lease: Lease;
  #holders = 0;

  constructor(value: T, lease: Lease) {
    this.value = value;
    this.#lease = lease;
  }

  hold(): this {
    this.#holders += 1;
    return this;
  }

  /** One holder less. Where it was the last one, a step for each thing; what is broken off goes on with the next call. */
  *letGo(): Steps<void> {
    if (this.#holders > 0) this.#holders -= 1;
    if (this.#holders === 0) yield* this.#lease.releaseInSteps();
  }
}

/** Makes a thing with a lease of its own; when that fails, nothing stays behind. */
export function holdNew<T>(lease: Lease, create: (lease: Lease) => T): Holding<T> {
  try {
    return new Holding(create(lease), lease).hold();
  } catch (error) {
    lease.release();
    throw error;
  }
}
