/** Arrays and objects inside each other, at most, in JSON that the gateway reads. */
export const MAX_JSON_DEPTH = 64;

/** JSON that is nested deeper than is read here. */
export class JsonTooDeep extends Error {}

/** A number that a double can't hold as it was written; `JSON.rawJSON` keeps it. */
interface RawNumber {
  readonly rawJSON: string;
}

interface SourceText {
  readonly source?: string;
}

const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: SourceText) => unknown): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): boolean;
};

/** Numbers that a double may not keep, for their digits or their exponent; in strings as well, where they do no harm. */
const LONG_NUMBERS = /-?[\d.]{16,}(?:[eE][+-]?\d+)?|-?[\d.]+[eE][+-]?\d+/g;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * A name of one character that is written as an escape, `"\\n":` for one. Once V8 (of Node 24.21 and 26.10) has seen an
 * object with the name `\\`, it takes any other such name for that one.
 */
const ESCAPED_NAME = /"\\(?:["/bfnrt]|u[\dA-Fa-f]{4})"\s*:/;

/** What would be misread is refused: what is checked, and what is written again, is what was sent. */
function refuseMisread(text: string): void {
  if (ESCAPED_NAME.test(text)) throw new SyntaxError('a name that is a single escape can not be read safely');
}

/**
 * Reads JSON (RFC 8259). Throws SyntaxError for what is none, `JsonTooDeep` beyond `maxDepth`: whatever walks the value
 * afterwards may recurse. Numbers become doubles.
 */
export function parseJson(text: string, maxDepth = MAX_JSON_DEPTH): unknown {
  if (isDeeperThan(text, maxDepth)) throw new JsonTooDeep(`nested deeper than ${maxDepth} levels`);
  refuseMisread(text);
  return JSON.parse(text);
}

/**
 * The same for JSON that is to be written again: a number that a double would change (`12345678901234567890`, `1e400`)
 * stays what it was, as an object of `JSON.rawJSON`.
 */
export function parseJsonExactly(text: string, maxDepth = MAX_JSON_DEPTH): unknown {
  if (!hasLossyNumber(text)) return parseJson(text, maxDepth);
  if (isDeeperThan(text, maxDepth)) throw new JsonTooDeep(`nested deeper than ${maxDepth} levels`);
  refuseMisread(text);
  return json.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || keepsIts(source, value)) return value;
    return json.rawJSON(source);
  });
}

/**
 * The same for JSON whose numbers may be names: an integer that a double would round becomes its text, so that two
 * names are never one. Any other number becomes a double.
 */
export function parseJsonWithNames(text: string): unknown {
  if (!hasLossyNumber(text)) return JSON.parse(text);
  return json.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || keepsIts(source, value)) return value;
    return /^-?\d+$/.test(source) ? source : value;
  });
}

/** Looked for first: a reviver takes nine times as long as a parser without one, for microseconds since 1970 as well. */
function hasLossyNumber(text: string): boolean {
  for (const [number] of text.matchAll(LONG_NUMBERS)) if (!keepsIts(number, Number(number))) return true;
  return false;
}

/** True for a number that `parseJsonExactly` has left as it was written. */
export function isRawNumber(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}

/** Fifteen significant digits are what a double always keeps (IEEE 754). */
function keepsIts(source: string, value: number): boolean {
  const digits = source.replace(/[eE].*|[-.]/g, '').replace(/^0+/, '');
  if (digits.length > 15 || !Number.isFinite(value)) return String(value) === source;
  return value !== 0 || digits === '';
}

/** Looks at the brackets alone, outside of strings; what is no JSON is for the parser to find. */
function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > maxDepth) return true;
  }
  return false;
}

/** Where the string ends that begins at `start`: at its closing quote, or with the text. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}
