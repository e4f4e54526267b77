import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Fault } from './config-error.ts';
import { describeSyntax } from './syntax-words.ts';

/** One configuration file, read. */
export interface Source {
  /** As it is shown to people. */
  readonly name: string;
  readonly text: string;
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

/**
 * Parses JSON with comments and trailing commas; undefined when the text is no JSON at all.
 *
 * Only the first syntax error is told: what follows it is mostly its echo.
 */
export function parseSource(source: Source, report: ReportAt, resolveText: ResolveText): Located | undefined {
  const start: Place = { source, offset: 0, pointer: '' };
  if (source.text.trim() === '') {
    report(start, 'the file is empty', 'The least that works: { "routes": [] }');
    return undefined;
  }
  const errors: ParseError[] = [];
  const root = parseNode(source.text, errors);
  const [error] = errors;
  if (root === undefined || error !== undefined) {
    const offset = error?.offset ?? 0;
    const { message, hint } =
      error === undefined
        ? { message: 'is nested too deeply', hint: undefined }
        : describeSyntax(printParseErrorCode(error.error), source.text, offset);
    report({ ...start, offset }, message, hint);
    return undefined;
  }
  return locateNode(root, { source, report, resolveText }, '');
}

function parseNode(text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true });
  } catch (error) {
    // The parser recurses: thousands of open brackets exhaust the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Reading {
  readonly source: Source;
  readonly report: ReportAt;
  readonly resolveText: ResolveText;
}

function locateNode(node: Node, reading: Reading, pointer: string): Located {
  const place: Place = { source: reading.source, offset: node.offset, pointer };
  if (node.type === 'array') {
    const items = (node.children ?? []).map((child, index) => locateNode(child, reading, `${pointer}/${index}`));
    return { kind: 'array', place, items };
  }
  if (node.type === 'object') return { kind: 'object', place, entries: locateEntries(node, reading, pointer) };
  const value: unknown = node.value;
  if (typeof value === 'string') return { kind: 'scalar', place, value: reading.resolveText(value, place) };
  return { kind: 'scalar', place, value: value as LocatedScalar['value'] };
}

function locateEntries(node: Node, reading: Reading, pointer: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined || valueNode === undefined) continue;
    const key = String(keyNode.value);
    const path = `${pointer}/${escapePointer(key)}`;
    const keyPlace: Place = { source: reading.source, offset: keyNode.offset, pointer: path };
    const first = entries.get(key);
    if (first !== undefined) {
      const { line } = lineAndColumn(first.keyPlace);
      reading.report(keyPlace, `the key "${key}" is written twice`, `The first is on line ${line}.`);
    } else if (key === '__proto__') {
      reading.report(keyPlace, "this name can't be used");
    } else {
      entries.set(key, { keyPlace, value: locateNode(valueNode, reading, path) });
    }
  }
  return entries;
}

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
    const entry = located.kind === 'object' ? located.entries.get(String(part)) : undefined;
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

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Line and column of a place, both from 1. */
export function lineAndColumn({ source, offset }: Place): { line: number; column: number } {
  const before = source.text.slice(0, offset);
  const lastBreak = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r'));
  const line = before.split(/\r\n|\n|\r/).length;
  return { line, column: offset - lastBreak };
}

export function faultAt(place: Place, message: string, hint?: string): Fault {
  const where = { file: place.source.name, ...lineAndColumn(place), path: place.pointer };
  return hint === undefined ? { ...where, message } : { ...where, message, hint };
}
