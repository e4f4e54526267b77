import { TOKEN_CHARS } from '../lib/http-token.ts';

/** The value of a field as it comes. */
export type FieldValue = string | readonly string[] | undefined;

/** A longer Cache-Control is not read, and taken for one that forbids. */
const MAX_CHARS = 4096;
/** More than that is for ever (RFC 9111, section 1.2.2). */
const MAX_SECONDS = 2 ** 31;

const ELEMENT = new RegExp(`^([${TOKEN_CHARS}]+)(?:=(?:"((?:[^"\\\\]|\\\\.)*)"|([${TOKEN_CHARS}]*)))?$`);
/** What is looked for in text that can't be read: it is better not to store than to misunderstand. */
const FORBIDDING = ['no-store', 'private', 'no-cache', 'must-revalidate'];

/** The directives of Cache-Control (RFC 9111, section 5.2), or of a field like it. */
export class Directives {
  readonly #values: ReadonlyMap<string, readonly (string | undefined)[]>;

  constructor(values: ReadonlyMap<string, readonly (string | undefined)[]>) {
    this.#values = values;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** True where the directive stands without a list of field names, and so is about the whole answer. */
  isUnqualified(name: string): boolean {
    return this.#values.get(name)?.some((value) => value === undefined || value === '') ?? false;
  }

  /** The field names that a directive lists, in lower case. */
  fieldNames(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).flatMap((value) =>
      (value ?? '')
        .toLowerCase()
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    );
  }

  /**
   * Seconds of a directive; undefined where it is missing. What is no number counts as 0, and of two that contradict
   * each other the shorter one holds (RFC 9111, section 4.2.1).
   */
  seconds(name: string): number | undefined {
    const values = this.#values.get(name);
    if (values === undefined) return undefined;
    return Math.min(...values.map((value) => parseSeconds(value) ?? 0));
  }
}

/** Whole seconds (RFC 9111, section 1.2.2), never more than can be counted; undefined for anything else. */
export function parseSeconds(text: string | undefined): number | undefined {
  return text === undefined || !/^\d{1,30}$/.test(text) ? undefined : Math.min(Number(text), MAX_SECONDS);
}

export function parseDirectives(field: FieldValue): Directives {
  if (field === undefined) return NONE;
  const text = typeof field === 'string' ? field : field.join(',');
  if (text.length > MAX_CHARS) return TOO_LONG;
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const values = new Map<string, (string | undefined)[]>();
  for (const element of splitElements(text)) readElement(element, values);
  const directives = new Directives(values);
  // Services say the same few things over and over.
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(text, directives);
  return directives;
}

const NONE = new Directives(new Map());
const TOO_LONG = new Directives(new Map([['no-store', [undefined]]]));
const MAX_PARSED = 500;
const parsed = new Map<string, Directives>();

function readElement(element: string, values: Map<string, (string | undefined)[]>): void {
  const match = ELEMENT.exec(element);
  if (match === null) {
    const lower = element.toLowerCase();
    for (const name of FORBIDDING) if (lower.includes(name)) add(values, name, undefined);
    return;
  }
  const [, name = '', quoted, token] = match;
  add(values, name.toLowerCase(), quoted === undefined ? token : quoted.replaceAll(/\\(.)/g, '$1'));
}

function add(values: Map<string, (string | undefined)[]>, name: string, value: string | undefined): void {
  const before = values.get(name);
  if (before === undefined) values.set(name, [value]);
  else before.push(value);
}

/** The elements of a list, split where a comma stands outside of quotes (RFC 9110, section 5.6.1). */
export function splitElements(text: string): string[] {
  const elements: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (isQuoted && char === '\\') at += 1;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) {
      elements.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  elements.push(text.slice(start).trim());
  return elements.filter((element) => element !== '');
}
