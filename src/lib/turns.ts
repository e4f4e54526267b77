/** Called with true when it is the caller's turn, with false when it has lost its place. */
export type Proceed = (isServed: boolean) => void;

/** Those who wait, by caller: served in turns, one of each caller, however many each has waiting. */
export class Turns {
  readonly #max: number;
  readonly #maxPerCaller: number;
  readonly #lines = new Map<string, Proceed[]>();
  /** The callers that have so many waiting, by that number: finds the greediest without a look at all. */
  readonly #byLength: Set<string>[] = [];
  #size = 0;

  /** `max` may wait in all, and `maxPerCaller` of one caller. */
  constructor(max: number, maxPerCaller: number) {
    this.#max = max;
    this.#maxPerCaller = maxPerCaller;
  }

  /** Takes a place at the end of the caller's line, of the greediest caller where none is free. False without one. */
  add(caller: string, proceed: Proceed): boolean {
    const line = this.#lines.get(caller) ?? [];
    if (line.length >= this.#maxPerCaller) return false;
    if (this.#size >= this.#max && !this.#dropLongerThan(line.length + 1)) return false;
    if (line.length === 0) this.#lines.set(caller, line);
    line.push(proceed);
    this.#note(caller, line.length - 1, line.length);
    return true;
  }

  /** Whose turn it is, out of the line. */
  next(): Proceed | undefined {
    for (const [caller, line] of this.#lines) {
      const proceed = line.shift();
      this.#note(caller, line.length + 1, line.length);
      // To the end of the round, where there is more.
      this.#lines.delete(caller);
      if (line.length > 0) this.#lines.set(caller, line);
      return proceed;
    }
    return undefined;
  }

  /** All that a caller has waiting, out of the line. */
  takeAll(caller: string): readonly Proceed[] {
    const line = this.#lines.get(caller);
    if (line === undefined) return [];
    this.#lines.delete(caller);
    this.#note(caller, line.length, 0);
    return line;
  }

  /** The caller with the most waiting loses its newest, if it has more than `length`. */
  #dropLongerThan(length: number): boolean {
    while (this.#byLength.at(-1)?.size === 0) this.#byLength.pop();
    const longest = this.#byLength.length - 1;
    const [greediest] = this.#byLength[longest] ?? [];
    if (longest <= length || greediest === undefined) return false;
    const dropped = this.#lines.get(greediest)?.pop();
    this.#note(greediest, longest, longest - 1);
    dropped?.(false);
    return true;
  }

  #note(caller: string, before: number, after: number): void {
    this.#size += after - before;
    this.#byLength[before]?.delete(caller);
    if (after === 0) return;
    while (this.#byLength.length <= after) this.#byLength.push(new Set());
    this.#byLength[after]?.add(caller);
  }
}
