const CLOSE_OPCODE = 0x8;

/**
 * Finds where WebSocket frames end (RFC 6455, section 5.2) in a stream of chunks, without looking at their content:
 * a close frame of ours may only stand between two frames. Two of them live as long as a connection, so it is small.
 */
export class FrameTracker {
  /** Bytes of the present frame's payload still to come. */
  #payload = 0;
  /** Header bytes of the present frame seen so far; a header has 2 to 14. */
  #headerLength = 0;
  #first = 0;
  #second = 0;
  /** The extended payload length, as far as it has come. */
  #extended = 0;
  /** True once a close frame has come by. */
  hasSeenClose = false;

  /** True between two frames. */
  get isAtBoundary(): boolean {
    return this.#payload === 0 && this.#headerLength === 0;
  }

  /** Takes in a chunk; answers how many of its bytes go up to the first boundary in it, or -1 when there is none. */
  advance(chunk: Uint8Array): number {
    let first = -1;
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload > 0) {
        const skip = Math.min(this.#payload, chunk.length - at);
        this.#payload -= skip;
        at += skip;
      } else if (this.#takeHeaderByte(chunk[at++] as number)) {
        this.#payload = this.#length();
        if ((this.#first & 0x0f) === CLOSE_OPCODE) this.hasSeenClose = true;
        this.#headerLength = 0;
      }
      if (first === -1 && this.isAtBoundary) first = at;
    }
    return first;
  }

  /** True when the header is whole with this byte. */
  #takeHeaderByte(byte: number): boolean {
    const at = this.#headerLength++;
    if (at === 0) this.#first = byte;
    else if (at === 1) {
      this.#second = byte;
      this.#extended = 0;
    } else if (at < 2 + this.#extendedBytes()) this.#extended = this.#extended * 256 + byte;
    if (at === 0) return false;
    return this.#headerLength === 2 + this.#extendedBytes() + (this.#second & 0x80 ? 4 : 0);
  }

  #extendedBytes(): number {
    const length = this.#second & 0x7f;
    if (length === 127) return 8;
    return length === 126 ? 2 : 0;
  }

  #length(): number {
    const length = this.#second & 0x7f;
    return length < 126 ? length : this.#extended;
  }
}

/** 1001: going away; 1008: policy violation, here an expired credential (RFC 6455, section 7.4.1). */
export type CloseCode = 1001 | 1008;

/** A close frame; one for a server must be masked (RFC 6455, section 5.1), and a mask of zeros changes nothing. */
export function closeFrame(code: CloseCode, reason: string, masked: boolean): Buffer {
  const text = Buffer.from(reason).subarray(0, 123);
  const head = masked ? [0x88, 0x80 | (text.length + 2), 0, 0, 0, 0] : [0x88, text.length + 2];
  return Buffer.concat([Buffer.from([...head, code >> 8, code & 0xff]), text]);
}
