import { KEPT_STEPS } from './axis.ts';
import { Ring, type StepCounts } from './ring.ts';

/** What happened in a step, as it is being counted. */
export class StepSum implements StepCounts {
  requests = 0;
  clientErrors = 0;
  serverErrors = 0;
  whole: ArrayLike<number> = [];
  gateway: ArrayLike<number> = [];
}

const NOTHING: StepCounts = Object.freeze(new StepSum());

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

  /** Takes in a step; `isKnown` says of a name whether there is still anything that has it. */
  write(place: number, sums: ReadonlyMap<string, StepCounts>, isKnown: (name: string) => boolean): void {
    for (const [name, ring] of this.#rings) {
      ring.write(place, sums.get(name) ?? NOTHING);
      if (ring.idleSteps >= KEPT_STEPS || !isKnown(name)) this.#rings.delete(name);
    }
    for (const [name, sum] of sums) {
      if (this.#rings.size >= this.#max) return;
      if (this.#rings.has(name) || !isKnown(name)) continue;
      const ring = new Ring(this.#bounds);
      ring.write(place, sum);
      this.#rings.set(name, ring);
    }
  }
}
