import { PieceList } from '../lib/piece-list.ts';

const LF = 0x0a;
const CR = 0x0d;

/** A longer event is no event to us: it streams by. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/** Who is told of the pieces of a stream; all of them together are its bytes. */
export interface EventReader {
  /** One event with the blank line that ends it, which the last one of a stream may lack. */
  event(bytes: Buffer): void;
  /** The second half of the CRLF that ended the last event, where it came later. */
  secondHalf(bytes: Buffer): void;
  /** What belongs to no event that is read: one that is too long. */
  other(bytes: Buffer): void;
}

/**
 * Cuts a stream of server-sent events (WHATWG HTML, section 9.2.6) into its events, whatever pieces it comes in, and with
 * any of the three ends of lines. It keeps no more than the event that has begun.
 */
export class EventSplitter {
  readonly #reader: EventReader;
  readonly #held = new PieceList();
  #isLineEmpty = true;
  #wasReturn = false;
  /** True when the last piece ended with an event. */
  #hasJustEnded = false;
  #isTooLong = false;

  constructor(reader: EventReader) {
    this.#reader = reader;
  }

  push(chunk: Buffer): void {
    let from = this.#skipSecondHalf(chunk);
    for (let at = from; at < chunk.length; at++) {
      if (!this.#endsEvent(chunk[at] as number)) continue;
      // A CRLF is one end: its second half is taken with the first where it is there already.
      if (this.#wasReturn && chunk[at + 1] === LF) {
        at += 1;
        this.#wasReturn = false;
      }
      this.#finish(chunk.subarray(from, at + 1));
      from = at + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    else this.#hasJustEnded = from > 0;
  }

  /** Bytes of the event that has begun. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  /** The stream is over: what is held is its last event to many readers, though it has no end. */
  end(): void {
    const rest = this.#take();
    if (rest.length > 0) this.#reader.event(rest);
  }

  /** The event that has begun is too long. */
  #letGo(): void {
    const begun = this.#take();
    if (begun.length > 0) this.#reader.other(begun);
  }

  /** An event that ended with the CR at the end of the last piece may have ended with a CRLF. */
  #skipSecondHalf(chunk: Buffer): number {
    const isSecondHalf = this.#hasJustEnded && this.#wasReturn && chunk[0] === LF;
    if (chunk.length > 0) this.#hasJustEnded = false;
    if (!isSecondHalf) return 0;
    this.#wasReturn = false;
    this.#reader.secondHalf(chunk.subarray(0, 1));
    return 1;
  }

  /** True for what ends an empty line. */
  #endsEvent(byte: number): boolean {
    const isSecondHalf = byte === LF && this.#wasReturn;
    this.#wasReturn = byte === CR;
    if (isSecondHalf) return false;
    const isEnd = byte === LF || byte === CR;
    const endsEvent = isEnd && this.#isLineEmpty;
    this.#isLineEmpty = isEnd;
    return endsEvent;
  }

  #finish(bytes: Buffer): void {
    if (this.#isTooLong || this.#held.bytes + bytes.length > MAX_EVENT_BYTES) {
      this.#letGo();
      this.#reader.other(bytes);
      this.#isTooLong = false;
    } else if (this.#held.bytes === 0) {
      this.#reader.event(bytes);
    } else {
      this.#held.add(bytes);
      this.#reader.event(this.#take());
    }
  }

  #hold(bytes: Buffer): void {
    if (!this.#isTooLong && this.#held.bytes + bytes.length <= MAX_EVENT_BYTES) {
      this.#held.add(bytes);
      return;
    }
    this.#isTooLong = true;
    this.#letGo();
    this.#reader.other(bytes);
  }

  #take(): Buffer {
    const bytes = this.#held.whole();
    this.#held.clear();
    return bytes;
  }
}
