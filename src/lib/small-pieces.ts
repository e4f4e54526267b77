/** What is shorter is copied; what is longer costs more to copy than to handle by itself. */
export const SMALL_PIECE_BYTES = 4 * 1024;

/**
 * Gathers small pieces in one block, bounded, so that what costs something for each piece is paid once for many. They
 * are copied: a byte that is kept as it came would keep the whole buffer of the socket it was read into.
 */
export class SmallPieces {
  #block: Buffer | undefined;
  #length = 0;

  /** How many bytes have been gathered. */
  get length(): number {
    return this.#length;
  }

  /** Takes a piece in, unless it is too long to be gathered, or there is no room left. */
  add(piece: Buffer): boolean {
    if (this.#length + piece.length > SMALL_PIECE_BYTES) return false;
    this.#block ??= Buffer.allocUnsafe(SMALL_PIECE_BYTES);
    this.#length += piece.copy(this.#block, this.#length);
    return true;
  }

  /** What has been gathered, undefined for nothing; the next pieces get a block of their own. */
  take(): Buffer | undefined {
    const gathered = this.#length === 0 ? undefined : this.#block?.subarray(0, this.#length);
    this.#block = undefined;
    this.#length = 0;
    return gathered;
  }
}
