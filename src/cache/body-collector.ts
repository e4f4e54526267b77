/** How much all bodies that are being collected may take together. */
export class CollectBudget {
  #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Another bound; what is collected already goes on. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

const FIRST_BYTES = 4 * 1024;

/**
 * Collects a body in memory of its own: the pieces that come are parts of larger buffers, and each would keep all of
 * its buffer alive.
 */
export class BodyCollector {
  readonly #budget: CollectBudget;
  readonly #maxBytes: number;
  #buffer: Buffer = EMPTY;
  #size = 0;

  constructor(budget: CollectBudget, maxBytes: number) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
  }

  /** False where it is too much: then nothing is kept. */
  add(chunk: Buffer): boolean {
    const size = this.#size + chunk.length;
    if (size > this.#maxBytes || !this.#grow(size)) {
      this.discard();
      return false;
    }
    chunk.copy(this.#buffer, this.#size);
    this.#size = size;
    return true;
  }

  /** All of it, in a buffer that is no longer than it; the collector is empty then. */
  take(): Buffer {
    const body = Buffer.allocUnsafeSlow(this.#size);
    this.#buffer.copy(body, 0, 0, this.#size);
    this.discard();
    return body;
  }

  discard(): void {
    this.#budget.give(this.#buffer.length);
    this.#buffer = EMPTY;
    this.#size = 0;
  }

  #grow(size: number): boolean {
    if (size <= this.#buffer.length) return true;
    const length = Math.min(this.#maxBytes, Math.max(FIRST_BYTES, size, this.#buffer.length * 2));
    if (!this.#budget.take(length - this.#buffer.length)) return false;
    const larger = Buffer.allocUnsafeSlow(length);
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
    return true;
  }
}

const EMPTY = Buffer.alloc(0);
