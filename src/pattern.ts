import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { z } from 'zod';

/**
 * Regular expressions of routes.json, run by a port of RE2: matching takes time linear in the path, whatever the
 * expression and whatever the client sends. What can only be matched by backtracking (lookaround, backreferences)
 * is refused when the file is loaded. The engine is loaded with the first expression: most files have none.
 */
export interface Pattern {
  readonly groupCount: number;
  /** Whether the expression occurs anywhere in the text; anchor it with ^ and $ where that matters. */
  test(text: string): boolean;
  /** The text with the first occurrence replaced; `$1` and `$<name>` stand for groups, `$$` for a dollar sign. */
  replaceFirst(text: string, replacement: string): string;
}

const MAX_PATTERN_CHARS = 1000;
const NEEDS_BACKTRACKING = /\(\?<?[=!]|\\[1-9]|\\k</;

const require = createRequire(import.meta.url);
let engine: typeof RE2JS | undefined;

/** Compiles an expression; throws a SyntaxError that says what is wrong with it. */
export function parsePattern(source: string): Pattern {
  return compilePattern(source, (text) => text);
}

/** The same for an expression in the words of ECMAScript, as JSON Schema has them: `\u00e9`, `\/`, `\p{Letter}`. */
export function parseScriptPattern(source: string): Pattern {
  return compilePattern(source, (text, { translateRegExp }) => translateRegExp(shortenClasses(text)));
}

/** Long names of Unicode's general categories, which RE2 knows by their letters alone. */
const CATEGORIES: Readonly<Record<string, string>> = {
  Letter: 'L',
  Lowercase_Letter: 'Ll',
  Uppercase_Letter: 'Lu',
  Mark: 'M',
  Number: 'N',
  Decimal_Number: 'Nd',
  digit: 'Nd',
  Punctuation: 'P',
  Symbol: 'S',
  Separator: 'Z',
};

function shortenClasses(source: string): string {
  return source.replace(/\\([pP])\{(?:(?:Script|sc)=)?(\w+)\}/g, (_, letter: string, name: string) => {
    return `\\${letter}{${Object.hasOwn(CATEGORIES, name) ? CATEGORIES[name] : name}}`;
  });
}

function compilePattern(source: string, translate: (source: string, engine: typeof RE2JS) => string): Pattern {
  engine ??= (require('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
  let compiled: RE2JS;
  try {
    compiled = engine.compile(translate(source, engine));
  } catch (cause) {
    throw new SyntaxError(explainRefusal(source, cause), { cause });
  }
  return {
    groupCount: compiled.groupCount(),
    test: (text) => compiled.test(text),
    replaceFirst: (text, replacement) => compiled.matcher(text).replaceFirst(replacement),
  };
}

function explainRefusal(source: string, cause: unknown): string {
  if (NEEDS_BACKTRACKING.test(source)) {
    return 'lookaround and backreferences can backtrack without bound and are refused; say it without them';
  }
  const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause);
  return `not a regular expression: ${reason}`;
}

/** A regular expression in the file, checked there and then; compile it with `parsePattern`. */
export const patternSource = () =>
  z
    .string()
    .min(1)
    .max(MAX_PATTERN_CHARS)
    .superRefine((source, context) => {
      try {
        parsePattern(source);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
      }
    });
