import { escapePointer } from '../lib/json-pointer.ts';
import type { Fault } from './config-error.ts';

/** One configuration file, read. */
export interface Source {
  /** As it is shown to people. */
  readonly name: string;
  readonly text: string;
  /** Where it lies; what it names by a path is looked for from there. */
  readonly folder?: string;
}

/** Where something is written. */
export interface Place {
  readonly source: Source;
  /** In UTF-16 units from the start of the text. */
  readonly offset: number;
  /** JSON Pointer within that file (RFC 6901). */
  readonly pointer: string;
}

/** A JSON value that knows where each part of it is written, whatever it is merged with. */
export type Located = LocatedObject | LocatedArray | LocatedScalar;

export interface LocatedObject {
  readonly kind: 'object';
  readonly place: Place;
  readonly entries: Map<string, Entry>;
}

export interface LocatedArray {
  readonly kind: 'array';
  readonly place: Place;
  readonly items: readonly Located[];
}

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: string | number | boolean | null;
}

export interface Entry {
  readonly keyPlace: Place;
  readonly value: Located;
}

/** Takes a fault at a place. */
export type ReportAt = (place: Place, message: string, hint?: string) => void;

/** Replaces what stands for something else in a string of the file. */
export type ResolveText = (text: string, place: Place) => string;

/** The plain value. */
export function plainValue(located: Located): unknown {
  if (located.kind === 'scalar') return located.value;
  if (located.kind === 'array') return located.items.map(plainValue);
  const value: Record<string, unknown> = {};
  for (const [key, entry] of located.entries) value[key] = plainValue(entry.value);
  return value;
}

/** Where the value at this path is written; where it is missing, the object that lacks it (`isMissing`). */
export function findPlace(
  root: Located,
  path: readonly PropertyKey[],
): { place: Place; keyPlace: Place; isMissing: boolean } {
  let located = root;
  let keyPlace = root.place;
  for (const [depth, part] of path.entries()) {
    const entry = located.kind === 'object' ? findEntry(located, String(part), path.includes('headers')) : undefined;
    const next = located.kind === 'array' ? located.items[Number(part)] : entry?.value;
    if (next === undefined) {
      const rest = path
        .slice(depth)
        .map((each) => `/${escapePointer(String(each))}`)
        .join('');
      const place = { ...located.place, pointer: located.place.pointer + rest };
      return { place, keyPlace: place, isMissing: true };
    }
    located = next;
    keyPlace = entry?.keyPlace ?? next.place;
  }
  return { place: located.place, keyPlace, isMissing: false };
}

/** Names of header fields are compared in lower case, and written as anybody likes. */
function findEntry({ entries }: LocatedObject, key: string, mayBeField: boolean): Entry | undefined {
  const entry = entries.get(key);
  if (entry !== undefined || !mayBeField) return entry;
  return [...entries].find(([name]) => name.toLowerCase() === key)?.[1];
}

/** Where the lines of a text begin, found once: what is said of a large file is said of many places in it. */
const lineStarts = new WeakMap<Source, readonly number[]>();

/** Line and column of a place, both from 1. */
export function lineAndColumn({ source, offset }: Place): { line: number; column: number } {
  let starts = lineStarts.get(source);
  if (starts === undefined) {
    starts = [0, ...[...source.text.matchAll(/\r\n|\n|\r/g)].map(({ 0: end, index }) => index + end.length)];
    lineStarts.set(source, starts);
  }
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] as number) + 1 };
}

export function faultAt(place: Place, message: string, hint?: string): Fault {
  const where = { file: place.source.name, ...lineAndColumn(place), path: place.pointer };
  return hint === undefined ? { ...where, message } : { ...where, message, hint };
}
