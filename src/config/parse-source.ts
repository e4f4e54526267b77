import { createScanner, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { escapePointer } from '../lib/json-pointer.ts';
import type { Steps } from '../lib/steps.ts';
import {
  type Entry,
  type Located,
  type LocatedScalar,
  lineAndColumn,
  type Place,
  type ReportAt,
  type ResolveText,
  type Source,
} from './source.ts';
import { describeSyntax } from './syntax-words.ts';

/**
 * Parses JSON with comments and trailing commas; undefined when the text is no JSON at all.
 *
 * A step is an entry of the file or an item of such an entry: a route, for one. Only the first syntax error is told:
 * what follows it is mostly its echo.
 */
export function* parseSource(source: Source, report: ReportAt, resolveText: ResolveText): Steps<Located | undefined> {
  if (source.text.trim() === '') {
    report({ source, offset: 0, pointer: '' }, 'the file is empty', 'The least that works: { "routes": [] }');
    return undefined;
  }
  const faults: Parameters<ReportAt>[] = [];
  try {
    const root = yield* new SourceParser(source, (...fault) => void faults.push(fault), resolveText).parse();
    for (const fault of faults) report(...fault);
    return root;
  } catch (error) {
    // The parser recurses: thousands of open brackets exhaust the stack.
    if (!(error instanceof NotJson || error instanceof RangeError)) throw error;
    reportSyntax(source, report);
    return undefined;
  }
}

/** The library knows what to call the fault; it need not know where to rest. */
function reportSyntax(source: Source, report: ReportAt): void {
  const errors: ParseError[] = [];
  try {
    parseTree(source.text, errors, { allowTrailingComma: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    errors.length = 0;
  }
  const [error] = errors;
  const place: Place = { source, offset: error?.offset ?? 0, pointer: '' };
  if (error === undefined) {
    report(place, 'is nested too deeply');
    return;
  }
  const { message, hint } = describeSyntax(printParseErrorCode(error.error), source.text, error.offset);
  report(place, message, hint);
}

class NotJson extends Error {}

/** Values of the library's `SyntaxKind`, which is a `const enum` and so can't be imported. */
const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  null: 7,
  true: 8,
  false: 9,
  string: 10,
  number: 11,
  firstTrivia: 12,
  lastTrivia: 15,
  end: 17,
} as const;

/** Containers down to this depth are parsed item by item; what is deeper belongs to one step. */
const RESTING_DEPTH = 2;

/** From tokens to located values at once, so that there is no tree that would have to be made in one go. */
class SourceParser {
  readonly #source: Source;
  readonly #report: ReportAt;
  readonly #resolveText: ResolveText;
  readonly #scanner: ReturnType<typeof createScanner>;
  #token = 0;

  constructor(source: Source, report: ReportAt, resolveText: ResolveText) {
    this.#source = source;
    this.#report = report;
    this.#resolveText = resolveText;
    this.#scanner = createScanner(source.text, false);
  }

  *parse(): Steps<Located> {
    this.#next();
    const root = this.#isContainer() ? yield* this.#container('', 0) : this.#scalar('');
    if (this.#token !== TOKEN.end) throw new NotJson();
    return root;
  }

  #next(): void {
    do {
      this.#token = this.#scanner.scan();
      // Asked to leave comments out by itself, the scanner says nothing of one that has no end.
      if (this.#scanner.getTokenError() !== 0) throw new NotJson();
    } while (this.#token >= TOKEN.firstTrivia && this.#token <= TOKEN.lastTrivia);
  }

  #take(token: number): void {
    if (this.#token !== token) throw new NotJson();
    this.#next();
  }

  #place(pointer: string): Place {
    return { source: this.#source, offset: this.#scanner.getTokenOffset(), pointer };
  }

  #isContainer(): boolean {
    return this.#token === TOKEN.openBrace || this.#token === TOKEN.openBracket;
  }

  *#container(pointer: string, depth: number): Steps<Located> {
    const place = this.#place(pointer);
    const isObject = this.#token === TOKEN.openBrace;
    this.#next();
    if (isObject) return { kind: 'object', place, entries: yield* this.#entries(pointer, depth) };
    return { kind: 'array', place, items: yield* this.#items(pointer, depth) };
  }

  *#items(pointer: string, depth: number): Steps<Located[]> {
    const items: Located[] = [];
    while (this.#token !== TOKEN.closeBracket) {
      const path = `${pointer}/${items.length}`;
      items.push(this.#isContainer() ? yield* this.#container(path, depth + 1) : this.#scalar(path));
      this.#endItem(TOKEN.closeBracket);
      if (depth < RESTING_DEPTH) yield;
    }
    this.#next();
    return items;
  }

  *#entries(pointer: string, depth: number): Steps<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    while (this.#token !== TOKEN.closeBrace) {
      const key = this.#scanner.getTokenValue();
      const path = `${pointer}/${escapePointer(key)}`;
      const keyPlace = this.#place(path);
      this.#take(TOKEN.string);
      this.#take(TOKEN.colon);
      const value = this.#isContainer() ? yield* this.#container(path, depth + 1) : this.#scalar(path);
      this.#add(entries, key, { keyPlace, value });
      this.#endItem(TOKEN.closeBrace);
      if (depth < RESTING_DEPTH) yield;
    }
    this.#next();
    return entries;
  }

  #endItem(close: number): void {
    if (this.#token !== close) this.#take(TOKEN.comma);
  }

  #add(entries: Map<string, Entry>, key: string, entry: Entry): void {
    const first = entries.get(key);
    if (first !== undefined) {
      const { line } = lineAndColumn(first.keyPlace);
      this.#report(entry.keyPlace, `the key "${key}" is written twice`, `The first is on line ${line}.`);
    } else if (key === '__proto__') {
      this.#report(entry.keyPlace, "this name can't be used");
    } else {
      entries.set(key, entry);
    }
  }

  #scalar(pointer: string): LocatedScalar {
    const place = this.#place(pointer);
    const token = this.#token;
    const text = this.#scanner.getTokenValue();
    this.#next();
    if (token === TOKEN.string) return { kind: 'scalar', place, value: this.#resolveText(text, place) };
    if (token === TOKEN.number && !Number.isNaN(Number(text))) return { kind: 'scalar', place, value: Number(text) };
    if (token === TOKEN.true || token === TOKEN.false) return { kind: 'scalar', place, value: token === TOKEN.true };
    if (token === TOKEN.null) return { kind: 'scalar', place, value: null };
    throw new NotJson();
  }
}
