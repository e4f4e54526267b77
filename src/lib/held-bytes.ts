/** Bytes of messages that are kept whole for somebody to read, bounded for all and for each caller. */
export class HeldBytes {
  readonly #max: number;
  readonly #maxPerCaller: number;
  readonly #byCaller = new Map<string, number>();
  #total = 0;

  constructor(max: number, maxPerCaller: number) {
    this.#max = max;
    this.#maxPerCaller = maxPerCaller;
  }

  get total(): number {
    return this.#total;
  }

  /** Room for more; false, and nothing is counted, where there is none. */
  take(caller: string, bytes: number): boolean {
    const own = (this.#byCaller.get(caller) ?? 0) + bytes;
    if (this.#total + bytes > this.#max || own > this.#maxPerCaller) return false;
    this.#total += bytes;
    this.#byCaller.set(caller, own);
    return true;
  }

  give(caller: string, bytes: number): void {
    this.#total -= bytes;
    const own = (this.#byCaller.get(caller) ?? 0) - bytes;
    if (own > 0) this.#byCaller.set(caller, own);
    else this.#byCaller.delete(caller);
  }
}

const MIB = 1024 * 1024;

/** What this process keeps of all messages that are read whole. */
export const MESSAGES = new HeldBytes(512 * MIB, 256 * MIB);
