const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HASH = 0x23;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const BLOCK_QUOTE = '"""';

/**
 * True where more than `max` braces, brackets and parentheses of a GraphQL document are open at once; what stands in
 * strings, block strings and comments (GraphQL, sections 2.1.4 and 2.9.4) opens nothing. One pass, no recursion: it
 * runs before the parser, whose stack a deep query would use up. What is no GraphQL is for the parser to find.
 */
export function isNestedDeeperThan(text: string, max: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === HASH) i = endOfLine(text, i);
    else depth += stepOf(code);
    if (depth > max) return true;
  }
  return false;
}

function stepOf(code: number): number {
  if (code === 0x7b || code === 0x5b || code === 0x28) return 1;
  return code === 0x7d || code === 0x5d || code === 0x29 ? -1 : 0;
}

/** Where the string that begins at `start` has its last character; a plain one ends with its line at the latest. */
function endOfString(text: string, start: number): number {
  if (text.startsWith(BLOCK_QUOTE, start)) return endOfBlock(text, start + BLOCK_QUOTE.length);
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE || isLineEnd(code)) return i;
    // An escaped line end is none: the lexer stops there, and so does this.
    if (code === BACKSLASH && !isLineEnd(text.charCodeAt(i + 1))) i++;
  }
  return text.length;
}

/** In a block string nothing but its own quotes can be escaped. */
function endOfBlock(text: string, from: number): number {
  let end = text.indexOf(BLOCK_QUOTE, from);
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) end = text.indexOf(BLOCK_QUOTE, end + BLOCK_QUOTE.length);
  return end < 0 ? text.length : end + BLOCK_QUOTE.length - 1;
}

function endOfLine(text: string, from: number): number {
  let i = from;
  while (i < text.length && !isLineEnd(text.charCodeAt(i))) i++;
  return i;
}

function isLineEnd(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}
