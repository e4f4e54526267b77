import { MESSAGES } from '../lib/held-bytes.ts';

/** What is kept of the answers of one whole's parts, counted for its client until the whole is answered or given up. */
export class Held {
  readonly caller: string;
  #bytes = 0;
  #isReleased = false;

  constructor(caller: string) {
    this.caller = caller;
  }

  /** False where there is no room, or nobody wants it any more. */
  take(bytes: number): boolean {
    if (this.#isReleased || !MESSAGES.take(this.caller, bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  release(): void {
    this.#isReleased = true;
    MESSAGES.give(this.caller, this.#bytes);
    this.#bytes = 0;
  }
}
