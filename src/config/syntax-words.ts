import type { ParseErrorCode } from 'jsonc-parser';

const QUOTE_MISSING = 'is not JSON: a quote (") is missing in this line';

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: 'is not JSON: a word that is neither a quoted string, a number, true, false nor null',
  InvalidNumberFormat: 'is not JSON: a malformed number',
  PropertyNameExpected: 'is not JSON: expected a key in double quotes',
  ValueExpected: 'is not JSON: expected a value',
  ColonExpected: 'is not JSON: expected ":" after the key',
  CommaExpected: 'is not JSON: expected "," before this',
  CloseBraceExpected: 'is not JSON: a "}" is missing',
  CloseBracketExpected: 'is not JSON: a "]" is missing',
  EndOfFileExpected: 'is not JSON: something follows the end of the object',
  InvalidCommentToken: 'is not JSON: a malformed comment',
  UnexpectedEndOfComment: 'is not JSON: a comment is not closed',
  UnexpectedEndOfString: 'is not JSON: a string is not closed',
  UnexpectedEndOfNumber: 'is not JSON: a malformed number',
  InvalidUnicode: 'is not JSON: a malformed \\u escape',
  InvalidEscapeCharacter: 'is not JSON: an unknown escape in a string',
  InvalidCharacter: 'is not JSON: a control character in a string',
} satisfies Partial<Record<keyof typeof ParseErrorCode, string>>;

/**
 * Says a syntax error in words. A forgotten quote makes the parser fail further on, each time with another error; an odd
 * number of quotes in the line gives it away.
 */
export function describeSyntax(code: string, text: string, offset: number): { message: string; hint?: string } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end === -1 ? undefined : end);
  // An escaped character is taken whole, so that the quote behind an escaped backslash counts.
  const quotes = line.match(/\\.|"/g)?.filter((found) => found === '"').length ?? 0;
  if (quotes % 2 === 1) return { message: QUOTE_MISSING };
  const message = SYNTAX[code] ?? 'is not JSON';
  if (code === 'InvalidEscapeCharacter') {
    return { message, hint: 'A backslash is written twice in JSON: "\\\\.png$" for the expression \\.png$.' };
  }
  const [word] = /^[^\s"{}[\],]+/.exec(text.slice(offset)) ?? [];
  if (word === undefined || code !== 'InvalidSymbol') return { message };
  if (word.startsWith("'")) return { message, hint: 'Strings and keys stand in double quotes: "prefix".' };
  return { message, hint: `In double quotes: "${word.replace(/:$/, '')}".` };
}
