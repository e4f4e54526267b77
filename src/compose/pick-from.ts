import { endOfString, endOfValue, skipSpace } from './json-bytes.ts';
import type { Pick } from './pick.ts';

const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Fewer bytes than this are copied faster one by one. */
const FEW_BYTES = 48;

/**
 * What is kept of a JSON text, which a parser has found to be well-formed, and not too deep: of an object the members
 * that are picked, in the order of the pick, of a list the same of each of its items. Anything else stays at the top, and
 * is left out below, where an object was expected. What is kept stays as it was written, its numbers and their digits too.
 *
 * It works on the bytes: a megabyte of `{}` is a third of a million objects, and to make, pick and write those takes ten
 * times as long as to read it.
 */
export function pickFrom(json: Buffer, pick: Pick): Buffer {
  return new Picking(json).pick(pick);
}

class Picking {
  readonly #json: Buffer;
  /** All that is written was read before, so it is never longer. */
  readonly #out: Buffer;
  #length = 0;
  /** Where the values of an object's members begin, by what is picked of it: no object is inside of one of the same pick. */
  readonly #places = new Map<Pick, number[]>();

  constructor(json: Buffer) {
    this.#json = json;
    this.#out = Buffer.allocUnsafe(json.length);
  }

  pick(pick: Pick): Buffer {
    this.#value(skipSpace(this.#json, 0), pick);
    const kept = this.#out.subarray(0, this.#length);
    // Little that is kept of much would keep all of its room.
    return this.#length < this.#out.length / 2 ? Buffer.from(kept) : kept;
  }

  /** Writes what is kept of the value that begins there; says where it ends. */
  #value(at: number, pick: Pick): number {
    const first = this.#json[at];
    if (first === LIST) return this.#list(at, pick);
    if (first === OBJECT) return this.#object(at, pick);
    return this.#all(at);
  }

  #all(at: number): number {
    const end = endOfValue(this.#json, at);
    this.#copy(this.#json, at, end);
    return end;
  }

  #list(start: number, pick: Pick): number {
    const json = this.#json;
    this.#byte(LIST);
    let at = skipSpace(json, start + 1);
    while (json[at] !== LIST_END) {
      at = skipSpace(json, this.#value(at, pick));
      if (json[at] !== COMMA) continue;
      this.#byte(COMMA);
      at = skipSpace(json, at + 1);
    }
    this.#byte(LIST_END);
    return at + 1;
  }

  #object(start: number, pick: Pick): number {
    const places = this.#placesFor(pick);
    const end = this.#find(start, pick, places);
    this.#byte(OBJECT);
    let isFirst = true;
    for (let i = 0; i < places.length; i++) {
      const at = places[i] as number;
      const { below, written } = pick.members[i] as Pick['members'][number];
      if (at < 0 || (below !== undefined && !this.#isBranch(at))) continue;
      if (!isFirst) this.#byte(COMMA);
      isFirst = false;
      this.#copy(written, 0, written.length);
      if (below === undefined) this.#all(at);
      else this.#value(at, below);
    }
    this.#byte(OBJECT_END);
    return end;
  }

  /** Notes where the values of the members begin, of several with one name the last, as a parser has it. */
  #find(start: number, pick: Pick, places: number[]): number {
    const json = this.#json;
    let at = skipSpace(json, start + 1);
    while (json[at] !== OBJECT_END) {
      const nameEnd = endOfString(json, at);
      const place = this.#placeOf(at + 1, nameEnd - 1, pick);
      at = skipSpace(json, skipSpace(json, nameEnd) + 1);
      if (place >= 0) places[place] = at;
      at = skipSpace(json, endOfValue(json, at));
      if (json[at] === COMMA) at = skipSpace(json, at + 1);
    }
    return at + 1;
  }

  #placeOf(start: number, end: number, { byLength, byName, members }: Pick): number {
    for (let i = start; i < end; i++) {
      if (this.#json[i] !== BACKSLASH) continue;
      const name: string = JSON.parse(this.#json.toString('utf8', start - 1, end + 1));
      return byName.get(name) ?? -1;
    }
    for (const place of byLength[end - start] ?? []) if (this.#isAt(start, members[place]?.name)) return place;
    return -1;
  }

  #isAt(start: number, name: Buffer | undefined): boolean {
    if (name === undefined) return false;
    for (let i = 0; i < name.length; i++) if (this.#json[start + i] !== name[i]) return false;
    return true;
  }

  #isBranch(at: number): boolean {
    return this.#json[at] === LIST || this.#json[at] === OBJECT;
  }

  #placesFor(pick: Pick): number[] {
    let places = this.#places.get(pick);
    if (places === undefined) {
      places = pick.members.map(() => -1);
      this.#places.set(pick, places);
    } else {
      for (let i = 0; i < places.length; i++) places[i] = -1;
    }
    return places;
  }

  #byte(byte: number): void {
    this.#out[this.#length++] = byte;
  }

  #copy(from: Buffer, start: number, end: number): void {
    if (end - start < FEW_BYTES) {
      for (let i = start; i < end; i++) this.#out[this.#length++] = from[i] as number;
    } else {
      this.#length += from.copy(this.#out, this.#length, start, end);
    }
  }
}
