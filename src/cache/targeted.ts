import { Directives, type FieldValue } from './directives.ts';

/** Directives whose value is a whole number of seconds. */
const SECONDS = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);
const MAX_CHARS = 4096;

/** The parts of a dictionary (RFC 9651, section 3.2), each at the place where the last one ended. */
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const ITEM =
  /(?<boolean>\?[01])|(?<decimal>-?\d{1,12}\.\d{1,3})|(?<integer>-?\d{1,15})|"(?<string>(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"|(?<token>[A-Za-z*][\w!#$%&'*+.^`|~:/-]*)|(?<bytes>:[A-Za-z0-9+/=]*:)|(?<date>@-?\d{1,15})/y;
const PARAMETER = /; *[a-z*][a-z0-9_.*-]*/y;
const COMMA = /[ \t]*,[ \t]*/y;

interface Item {
  readonly type: string;
  readonly text: string;
}

/**
 * The directives of a targeted field (RFC 9213), `CDN-Cache-Control` for one: a dictionary of structured fields.
 * Undefined where it is missing, empty, malformed, or has a value of the wrong type: then it is ignored.
 */
export function parseTargeted(field: FieldValue): Directives | undefined {
  const text = [field ?? ''].flat().join(', ').trim();
  const members = text === '' || text.length > MAX_CHARS ? undefined : readDictionary(text);
  if (members === undefined || [...members].some(isOfWrongType)) return undefined;
  const values = new Map<string, (string | undefined)[]>();
  for (const [name, { type, text: value }] of members) {
    if (type !== 'boolean') values.set(name, [value]);
    else if (value === '?1') values.set(name, [undefined]);
  }
  return new Directives(values);
}

function isOfWrongType([name, { type, text }]: readonly [string, Item]): boolean {
  return SECONDS.has(name) && (type !== 'integer' || text.startsWith('-'));
}

/** Of members with one key the last one holds (RFC 9651, section 4.2.2). */
function readDictionary(text: string): Map<string, Item> | undefined {
  const members = new Map<string, Item>();
  const reader = new Reader(text);
  for (;;) {
    const key = reader.take(KEY)?.[0];
    if (key === undefined) return undefined;
    const item = reader.takeText('=') ? reader.takeItem() : { type: 'boolean', text: '?1' };
    if (item === undefined || !reader.skipParameters()) return undefined;
    members.set(key, item);
    if (reader.isAtEnd) return members;
    if (reader.take(COMMA) === null) return undefined;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  takeText(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  takeItem(): Item | undefined {
    for (const [type, text] of Object.entries(this.take(ITEM)?.groups ?? {})) {
      if (text !== undefined) return { type, text };
    }
    return undefined;
  }

  /** They say nothing here; false where they are none. */
  skipParameters(): boolean {
    while (this.take(PARAMETER) !== null) if (this.takeText('=') && this.takeItem() === undefined) return false;
    return true;
  }
}
