import { type Pattern, parsePattern } from '../pattern.ts';
import { ExpressionFault } from './faults.ts';

interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
}

/**
 * The library's own `matches` runs `RegExp`, which may take for ever, and can't be replaced: expressions are given
 * another function in its place. As long as its name, so that faults are found where they stand.
 */
export const OWN_MATCHES = 're2find';

/** String literals, of several lines too, comments, and calls of `matches`. */
const LITERAL_OR_MATCHES =
  /[rR]?("""|''')[\s\S]*?\1|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\/[^\n]*|\bmatches(?=\s*\()/g;

export const withOwnMatches = (text: string): string =>
  text.replace(LITERAL_OR_MATCHES, (found) => (found === 'matches' ? OWN_MATCHES : found));

/** Looks at the pattern of a call where it is written out. Throws `ExpressionFault`. */
export function checkMatches(call: Node): void {
  const [name, , operands] = call.args as [string, Node, Node[]];
  if (name === 'matches') throw new ExpressionFault('"matches" stands where it is not understood', call.start);
  const pattern = name === OWN_MATCHES ? operands[0] : undefined;
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
  try {
    parsePattern(pattern.args);
  } catch (cause) {
    throw new ExpressionFault((cause as Error).message, pattern.start, { cause });
  }
}

/** Patterns by their text; those of a client are few, or the memory begins anew. */
const patterns = new Map<string, Pattern>();
const MAX_PATTERNS = 200;
const MAX_PATTERN_CHARS = 1_000;

/** What stands in the place of `matches`. */
export function matches(text: string, source: string): boolean {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    if (source.length > MAX_PATTERN_CHARS) throw new Error('the pattern is longer than 1000 characters');
    pattern = parsePattern(source);
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(source, pattern);
  }
  return pattern.test(text);
}
