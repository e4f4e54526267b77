const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A longer value is not read. */
const MAX_VALUE_BYTES = 64 * 1024;

/**
 * Finds one member of a JSON object (RFC 8259) in bytes that come in any pieces, and keeps nothing else of them: an
 * answer of any size streams by. Where a name stands twice, the last one counts, as for every parser.
 */
export class MemberScan {
  readonly #name: string;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #expectsName = false;
  /** The name that is being read, or was read last; longer ones than ours are cut. */
  #read: string | undefined;
  #isInName = false;
  #value: number[] | undefined;
  #found: string | undefined;
  /** Bytes seen, and where in them the member began and ended, and the comma before it was. */
  #at = 0;
  #nameAt = 0;
  #commaAt = -1;
  #from = -1;
  #to = -1;

  constructor(name: string) {
    this.#name = name;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#isInString) this.#inString(byte);
      else this.#outside(byte);
      this.#at += 1;
    }
  }

  /** The value's text; undefined while there is none. */
  get text(): string | undefined {
    return this.#found;
  }

  /** What to cut out so that the member is gone and the object still is one; undefined where there is none. */
  get range(): { readonly from: number; readonly to: number } | undefined {
    return this.#from < 0 ? undefined : { from: this.#from, to: this.#to };
  }

  #inString(byte: number): void {
    this.#keep(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#isInString = false;
      this.#isInName = false;
      return;
    }
    if (this.#isInName && (this.#read as string).length <= this.#name.length) this.#read += String.fromCharCode(byte);
  }

  #outside(byte: number): void {
    if (byte === QUOTE) this.#beginString();
    else if (byte === OPEN || byte === OPEN_LIST) this.#descend(byte);
    else if (byte === CLOSE || byte === CLOSE_LIST) this.#ascend();
    else if (this.#depth === 1 && (byte === COMMA || byte === COLON)) {
      this.#between(byte);
      return;
    }
    this.#keep(byte);
  }

  #descend(byte: number): void {
    this.#depth += 1;
    if (this.#depth === 1) this.#expectsName = byte === OPEN;
  }

  #ascend(): void {
    if (this.#depth === 1) this.#endMember(false);
    this.#depth -= 1;
  }

  /** What stands between members of the object, or between a name and its value. */
  #between(byte: number): void {
    if (byte === COMMA) {
      this.#endMember(true);
      this.#expectsName = true;
      this.#commaAt = this.#at;
      return;
    }
    this.#expectsName = false;
    if (this.#read === this.#name) this.#value = [];
  }

  #beginString(): void {
    this.#isInString = true;
    if (this.#depth !== 1 || !this.#expectsName) return;
    this.#isInName = true;
    this.#read = '';
    this.#nameAt = this.#at;
  }

  #keep(byte: number): void {
    if (this.#value !== undefined && this.#value.length <= MAX_VALUE_BYTES) this.#value.push(byte);
  }

  #endMember(isComma: boolean): void {
    const value = this.#value;
    this.#read = undefined;
    this.#value = undefined;
    if (value === undefined) return;
    this.#found = value.length > MAX_VALUE_BYTES ? undefined : Buffer.from(value).toString();
    this.#from = isComma || this.#commaAt < 0 ? this.#nameAt : this.#commaAt;
    this.#to = isComma ? this.#at + 1 : this.#at;
  }
}
