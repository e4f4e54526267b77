import { weightOf } from './kept-answer.ts';
import type { Claim, Ending } from './store.ts';

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ENDINGS = 10_000;

/**
 * What did not reach the store yet, bounded: of an answer that has no room it is told that there was one, and what has
 * no room at all is forgotten, so that its key is closed until its lease is over.
 */
export class Unsent {
  #endings = new Map<Claim, Ending>();
  #bytes = 0;

  get size(): number {
    return this.#endings.size;
  }

  add(claim: Claim, ending: Ending): void {
    if (this.#endings.size >= MAX_ENDINGS || this.#endings.has(claim)) return;
    const bytes = ending.state === 'answered' ? weightOf(ending.answer) : 0;
    if (this.#bytes + bytes > MAX_BYTES) {
      this.#endings.set(claim, { state: 'spent' });
      return;
    }
    this.#bytes += bytes;
    this.#endings.set(claim, ending);
  }

  /** Everything, which is not kept any more. */
  takeAll(): Iterable<[Claim, Ending]> {
    const endings = this.#endings;
    this.clear();
    return endings;
  }

  clear(): void {
    this.#endings = new Map();
    this.#bytes = 0;
  }
}
