const LF = 0x0a;
const CR = 0x0d;

/** Finds where events end in a stream that comes in pieces of any length (WHATWG HTML, section 9.2.5). */
export class EventSplitter {
  #isLineEmpty = true;
  #wasCr = false;
  /** True when nothing of a further event has come. */
  #isBetween = true;

  /** The places in this piece behind each event that ends in it, in order. */
  endsIn(piece: Buffer): readonly number[] {
    const ends: number[] = [];
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i];
      if (byte === LF && this.#wasCr) this.#endCrLf(ends, i + 1);
      else if (byte === LF || byte === CR) this.#endLine(ends, i + 1);
      else {
        this.#isLineEmpty = false;
        this.#isBetween = false;
      }
      this.#wasCr = byte === CR;
    }
    return ends;
  }

  #endLine(ends: number[], end: number): void {
    if (this.#isLineEmpty) {
      ends.push(end);
      this.#isBetween = true;
    }
    this.#isLineEmpty = true;
  }

  /** The second half of a line's end that was counted: where it ended an event it belongs to that. */
  #endCrLf(ends: number[], end: number): void {
    if (!this.#isBetween) return;
    if (ends.at(-1) === end - 1) ends[ends.length - 1] = end;
    else ends.push(end);
  }
}

/** The data of an event: that of all its lines. Undefined where it has none. */
export function dataOf(event: string): string | undefined {
  const lines = event
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => line === 'data' || line.startsWith('data:'));
  if (lines.length === 0) return undefined;
  return lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n');
}

/** The same event with other data, which has no line break in it. */
export function withData(event: string, data: string): string {
  const kept = event
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== '' && line !== 'data' && !line.startsWith('data:'));
  return `${[...kept, `data: ${data}`].join('\n')}\n\n`;
}
