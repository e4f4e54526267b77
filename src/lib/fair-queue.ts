import { RecentMap } from './recent-map.ts';

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

type Proceed = () => void;

/** Those who wait, by caller: served in turns, one of each caller, however many each has waiting. */
class Turns {
  readonly #waiting = new Map<string, Proceed[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  of(caller: string): number {
    return this.#waiting.get(caller)?.length ?? 0;
  }

  add(caller: string, proceed: Proceed): void {
    this.#size += 1;
    const line = this.#waiting.get(caller);
    if (line === undefined) this.#waiting.set(caller, [proceed]);
    else line.push(proceed);
  }

  next(): Proceed | undefined {
    for (const [caller, line] of this.#waiting) {
      const proceed = line.shift();
      this.#size -= 1;
      // To the end of the round, where there is more.
      this.#waiting.delete(caller);
      if (line.length > 0) this.#waiting.set(caller, line);
      return proceed;
    }
    return undefined;
  }
}

/**
 * A bound on costly work that guessing can't take from others: callers take turns, those who have proven themselves
 * before go first, and those who were refused lately go last. Each caller, and each kind of them, may have so many waiting.
 */
export class FairQueue {
  readonly #atOnce: number;
  readonly #proven = new Turns();
  readonly #others = new Turns();
  readonly #suspects = new Turns();
  readonly #refusedAtMs = new RecentMap<string, number>(REMEMBERED_SUSPECTS);
  #served = 0;

  constructor({ atOnce }: FairQueueOptions) {
    this.#atOnce = atOnce;
  }

  /**
   * Takes a place for `caller`; true at once where one is free. False when too many of its kind wait. Who got a place
   * gives it back with `leave`.
   */
  enter(caller: string, isProven: boolean, nowMs: number): boolean | Promise<boolean> {
    if (this.#served < this.#atOnce) {
      this.#served += 1;
      return true;
    }
    const turns = this.#chooseTurns(caller, isProven, nowMs);
    if (turns === undefined) return false;
    return new Promise((resolve) => turns.add(caller, () => resolve(true)));
  }

  /** Gives a place back, to whoever is next. */
  leave(): void {
    const next = this.#proven.next() ?? this.#others.next() ?? this.#suspects.next();
    if (next === undefined) this.#served -= 1;
    else next();
  }

  /** Remembers that a caller was refused. */
  blame(caller: string, nowMs: number): void {
    this.#refusedAtMs.set(caller, nowMs);
  }

  #chooseTurns(caller: string, isProven: boolean, nowMs: number): Turns | undefined {
    if (isProven && this.#proven.size < MAX_WAITING) return this.#proven;
    const isSuspect = nowMs - (this.#refusedAtMs.get(caller) ?? Number.NEGATIVE_INFINITY) < SUSPECT_MS;
    const others = this.#others;
    if (!isSuspect && others.size < MAX_WAITING && others.of(caller) < MAX_WAITING_PER_CALLER) return others;
    const suspects = this.#suspects;
    return suspects.size < MAX_WAITING && suspects.of(caller) < MAX_WAITING_PER_SUSPECT ? suspects : undefined;
  }
}
