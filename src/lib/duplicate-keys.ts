import { escapePointer } from './json-pointer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** An object or an array that is being read. */
interface Level {
  /** Undefined for an array. */
  readonly keys: Set<string> | undefined;
  /** Of the value that is being read: its key, or how many came before it. */
  key: string;
  index: number;
  /** True where the next string is a key. */
  isAtKey: boolean;
}

/**
 * The JSON Pointer (RFC 6901) of the first key that an object of this text has twice; undefined where there is none.
 * Parsers do not agree on which of the two counts (RFC 8259, section 4), so that whoever checks one may let the other
 * through. The text is JSON: it has been parsed. Takes time linear in its length.
 */
export function findDuplicateKey(text: string): string | undefined {
  const levels: Level[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== QUOTE) {
      takeMark(levels, code);
      continue;
    }
    const end = endOfString(text, i);
    const level = levels.at(-1);
    if (level?.isAtKey === true && !takeKey(level, text.slice(i, end + 1))) return pointerOf(levels);
    i = end;
  }
  return undefined;
}

function takeMark(levels: Level[], code: number): void {
  if (code === OPEN_BRACE) levels.push({ keys: new Set(), key: '', index: 0, isAtKey: true });
  else if (code === OPEN_BRACKET) levels.push({ keys: undefined, key: '0', index: 0, isAtKey: false });
  else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) levels.pop();
  else if (code === COMMA) nextOf(levels.at(-1));
}

/** False where the object has the key already. */
function takeKey(level: Level, quoted: string): boolean {
  const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  level.key = key;
  level.isAtKey = false;
  if (level.keys?.has(key) === true) return false;
  level.keys?.add(key);
  return true;
}

function nextOf(level: Level | undefined): void {
  if (level === undefined) return;
  level.isAtKey = level.keys !== undefined;
  if (level.isAtKey) return;
  level.index += 1;
  level.key = String(level.index);
}

function pointerOf(levels: readonly Level[]): string {
  return levels.map(({ key }) => `/${escapePointer(key)}`).join('');
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}
