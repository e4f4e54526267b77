import { skipSpace } from './json-bytes.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const LIST = 0x5b;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;
/** From a bracket to the one that closes it. */
const TO_CLOSE = 2;

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word));
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));
const UNICODE = 0x75;

/** No place: what stands there is no JSON. */
const NOWHERE = -1;
/** The place after all of it. */
const THE_END = -2;

/**
 * True for one JSON text (RFC 8259), with arrays and objects at most so deep inside each other. Makes nothing of it: of a
 * megabyte a parser makes a third of a million objects, which cost five times as much, and the garbage collector's time.
 * Whether its strings are UTF-8 is not looked at.
 */
export function isWellFormed(json: Buffer, maxDepth: number): boolean {
  const brackets = new Brackets(json, maxDepth);
  let at = skipSpace(json, 0);
  while (at >= 0) {
    const first = json[at];
    if (first === LIST || first === OBJECT) {
      const inside = skipSpace(json, at + 1);
      const isEmpty = json[inside] === first + TO_CLOSE;
      at = brackets.enter(inside, first, isEmpty);
      if (!isEmpty) continue;
    } else {
      at = endOfScalar(json, at);
    }
    at = brackets.leave(at);
  }
  return at === THE_END;
}

/** The brackets that are open, and the ways into them and out. */
class Brackets {
  readonly #json: Buffer;
  readonly #maxDepth: number;
  readonly #open: Uint8Array;
  #depth = 0;

  constructor(json: Buffer, maxDepth: number) {
    this.#json = json;
    this.#maxDepth = maxDepth;
    this.#open = new Uint8Array(maxDepth + 1);
  }

  /** Where the first value inside begins, or the bracket closes. */
  enter(inside: number, bracket: number, isEmpty: boolean): number {
    if (++this.#depth > this.#maxDepth) return NOWHERE;
    this.#open[this.#depth] = bracket;
    return isEmpty ? inside : nextIn(this.#json, inside, bracket);
  }

  /** Where the next value begins, once one has ended; perhaps behind brackets that close. */
  leave(end: number): number {
    const json = this.#json;
    for (let at = end; at >= 0; at++, this.#depth--) {
      at = skipSpace(json, at);
      if (this.#depth === 0) return at === json.length ? THE_END : NOWHERE;
      const bracket = this.#open[this.#depth] as number;
      if (json[at] === COMMA) return nextIn(json, at + 1, bracket);
      if (json[at] !== bracket + TO_CLOSE) return NOWHERE;
    }
    return NOWHERE;
  }
}

function nextIn(json: Buffer, start: number, bracket: number): number {
  const at = skipSpace(json, start);
  return bracket === OBJECT ? endOfName(json, at) : at;
}

/** Where the value of the member begins whose name is there. */
function endOfName(json: Buffer, start: number): number {
  if (json[start] !== QUOTE) return NOWHERE;
  const end = endOfText(json, start);
  if (end < 0) return NOWHERE;
  const at = skipSpace(json, end);
  return json[at] === COLON ? skipSpace(json, at + 1) : NOWHERE;
}

function endOfScalar(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return endOfText(json, at);
  if (first === MINUS || isDigit(first)) return endOfNumber(json, at);
  for (const literal of LITERALS) if (literal[0] === first) return endOfLiteral(json, at, literal);
  return NOWHERE;
}

function endOfLiteral(json: Buffer, at: number, literal: Buffer): number {
  for (let i = 1; i < literal.length; i++) if (json[at + i] !== literal[i]) return NOWHERE;
  return at + literal.length;
}

function endOfText(json: Buffer, start: number): number {
  let at = start + 1;
  for (let byte = json[at]; byte !== undefined && byte >= 0x20; byte = json[at]) {
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) {
      at++;
      continue;
    }
    const length = lengthOfEscape(json, at);
    if (length === 0) return NOWHERE;
    at += length;
  }
  return NOWHERE;
}

function lengthOfEscape(json: Buffer, at: number): number {
  const byte = json[at + 1];
  if (byte !== UNICODE) return ESCAPED.has(byte as number) ? 2 : 0;
  for (let i = 2; i < 6; i++) if (!isHex(json[at + i])) return 0;
  return 6;
}

function endOfNumber(json: Buffer, start: number): number {
  let at = json[start] === MINUS ? start + 1 : start;
  // No zeros before others.
  at = json[at] === ZERO ? at + 1 : endOfDigits(json, at);
  if (at > 0 && json[at] === POINT) at = endOfDigits(json, at + 1);
  if (at > 0 && ((json[at] as number) | 0x20) === 0x65) {
    const isSigned = json[at + 1] === 0x2b || json[at + 1] === MINUS;
    at = endOfDigits(json, at + (isSigned ? 2 : 1));
  }
  return at;
}

function endOfDigits(json: Buffer, start: number): number {
  let at = start;
  while (isDigit(json[at])) at++;
  return at === start ? NOWHERE : at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
