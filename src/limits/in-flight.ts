import type { Kind } from '../pool.ts';

/** Calls in flight by caller. Bounded by the calls themselves: a caller without one is not remembered. */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /** Callers with a call in flight. */
  get size(): number {
    return this.#counts.size;
  }

  countOf(subject: string): number {
    return this.#counts.get(subject) ?? 0;
  }

  begin(subject: string): void {
    this.#counts.set(subject, this.countOf(subject) + 1);
  }

  end(subject: string): void {
    const left = this.countOf(subject) - 1;
    if (left > 0) this.#counts.set(subject, left);
    else this.#counts.delete(subject);
  }
}

/** Pooled by route, so that calls from before a reload count after it. */
export const inFlightKind: Kind<InFlight> = { name: 'in-flight', close: () => {} };
