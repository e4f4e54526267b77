import type { Lease } from './pool.ts';

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

  letGo(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#lease.release();
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
