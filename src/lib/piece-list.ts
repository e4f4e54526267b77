import { SmallPieces } from './small-pieces.ts';

/**
 * Bytes that come in pieces, to be had as one. Small pieces are put together as they come: a million of one byte each
 * would else cost a hundred times what they hold.
 */
export class PieceList {
  #pieces: Buffer[] = [];
  readonly #small = new SmallPieces();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(piece: Buffer): void {
    this.#bytes += piece.length;
    // What comes in one piece, as most does, stays as it is.
    if (this.#bytes > piece.length && this.#small.add(piece)) return;
    this.#settle();
    if (this.#pieces.length === 0 || !this.#small.add(piece)) this.#pieces.push(piece);
  }

  /** All that has come, in few pieces. */
  pieces(): readonly Buffer[] {
    this.#settle();
    return [...this.#pieces];
  }

  /** All that has come, as one. */
  whole(): Buffer {
    this.#settle();
    const [only, ...others] = this.#pieces;
    return only !== undefined && others.length === 0 ? only : Buffer.concat(this.#pieces, this.#bytes);
  }

  clear(): void {
    this.#small.take();
    this.#pieces = [];
    this.#bytes = 0;
  }

  #settle(): void {
    const gathered = this.#small.take();
    if (gathered !== undefined) this.#pieces.push(gathered);
  }
}
