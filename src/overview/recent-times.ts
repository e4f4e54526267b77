const TEN_MINUTES_MS = 600_000;
/** What happens more often is told by this number. */
const MAX_TIMES = 1000;

/** How often something happened in the last ten minutes: what flaps looks well to whoever looks at the right moment. */
export class RecentTimes {
  #atMs: number[] = [];

  note(nowMs: number): void {
    this.#atMs.push(nowMs);
    if (this.#atMs.length > MAX_TIMES) this.#atMs = this.#atMs.slice(-MAX_TIMES / 2);
  }

  count(nowMs: number): number {
    return this.#atMs.filter((atMs) => atMs >= nowMs - TEN_MINUTES_MS).length;
  }
}
