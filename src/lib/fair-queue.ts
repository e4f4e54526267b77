import { RecentMap } from './recent-map.ts';
import { type Proceed, Turns } from './turns.ts';

export interface FairQueueOptions {
  /** How many may be served at once. */
  readonly atOnce: number;
}

/** Callers that have lately been refused are served after all others, for this long. */
const SUSPECT_MS = 60_000;
const REMEMBERED_SUSPECTS = 10_000;
/** Who asks more at once than this without having been refused yet is treated as if it had. */
const MAX_WAITING_PER_CALLER = 32;
const MAX_WAITING_PER_SUSPECT = 256;
/** Of each kind, so that suspects never take the places of the others. */
const MAX_WAITING = 1024;

/**
 * A bound on costly work: callers take turns, those who have proven themselves before go first, and those who were
 * refused lately go last, with all that they have waiting. So before a caller that is new are at most one turn of each
 * other that is new, and all of those who have proven themselves.
 *
 * Where all places to wait are taken, whoever has the most waiting loses its newest. So a caller with nothing waiting is
 * turned away only while as many others as there are places wait with one each.
 */
export class FairQueue {
  readonly #atOnce: number;
  readonly #proven = new Turns(MAX_WAITING, MAX_WAITING);
  readonly #others = new Turns(MAX_WAITING, MAX_WAITING_PER_CALLER);
  readonly #suspects = new Turns(MAX_WAITING, MAX_WAITING_PER_SUSPECT);
  readonly #refusedAtMs = new RecentMap<string, number>(REMEMBERED_SUSPECTS);
  #served = 0;

  constructor({ atOnce }: FairQueueOptions) {
    this.#atOnce = atOnce;
  }

  /**
   * Takes a place for `caller`; true at once where one is free. False when too many wait, at once or for one that has
   * fewer waiting. Who got a place gives it back with `leave`.
   */
  enter(caller: string, isProven: boolean, nowMs: number): boolean | Promise<boolean> {
    if (this.#served < this.#atOnce) {
      this.#served += 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    return this.#queue(caller, resolve, isProven, nowMs) && promise;
  }

  /** Gives a place back, to whoever is next. */
  leave(): void {
    const next = this.#proven.next() ?? this.#others.next() ?? this.#suspects.next();
    if (next === undefined) this.#served -= 1;
    else next(true);
  }

  /** Remembers that a caller was refused: what it has waiting goes behind all others. */
  blame(caller: string, nowMs: number): void {
    this.#refusedAtMs.set(caller, nowMs);
    for (const proceed of this.#others.takeAll(caller)) {
      if (!this.#suspects.add(caller, proceed)) proceed(false);
    }
  }

  #queue(caller: string, proceed: Proceed, isProven: boolean, nowMs: number): boolean {
    if (isProven && this.#proven.add(caller, proceed)) return true;
    const isSuspect = nowMs - (this.#refusedAtMs.get(caller) ?? Number.NEGATIVE_INFINITY) < SUSPECT_MS;
    return (!isSuspect && this.#others.add(caller, proceed)) || this.#suspects.add(caller, proceed);
  }
}
