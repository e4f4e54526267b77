import { KEPT_STEPS } from './axis.ts';
import { Ring, type StepCounts } from './ring.ts';

/**
 * A ring for each name with traffic, at most so many: one that comes when all are taken has none until another has
 * been without traffic for half an hour, or is gone from the configuration.
 */
export class Rings {
  readonly #bounds: readonly number[];
  readonly #max: number;
  readonly #rings = new Map<string, Ring>();

  constructor(bounds: readonly number[], max: number) {
    this.#bounds = bounds;
    this.#max = max;
  }

  get size(): number {
    return this.#rings.size;
  }

  get(name: string): Ring | undefined {
    return this.#rings.get(name);
  }

  /** Takes in what happened under a name in a step. */
  write(name: string, place: number, counts: StepCounts): void {
    let ring = this.#rings.get(name);
    if (ring === undefined) {
      if (counts.requests === 0 || this.#rings.size >= this.#max) return;
      ring = new Ring(this.#bounds);
      this.#rings.set(name, ring);
    }
    ring.write(place, counts);
    if (ring.idleSteps >= KEPT_STEPS) this.#rings.delete(name);
  }

  /** Lets go of the rings of names that nothing has any more. */
  retain(known: ReadonlySet<string>): void {
    for (const name of this.#rings.keys()) if (!known.has(name)) this.#rings.delete(name);
  }
}
