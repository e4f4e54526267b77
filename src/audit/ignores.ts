import { createScanner } from 'jsonc-parser';
import { lineAndColumn, type Source } from '../config/source.ts';

/** A comment that silences findings: `// turnpike-ignore ID, ID: why`. */
export interface Ignore {
  readonly source: Source;
  /** Where the comment begins, in UTF-16 units. */
  readonly offset: number;
  /** From 1: the line of the key or route that it is about; 0 where it stands before the file begins. */
  readonly line: number;
  readonly ids: readonly string[];
  /** Empty where none is given. */
  readonly reason: string;
}

/** Values of the library's `SyntaxKind`, which is a `const enum` and so can't be imported. */
const TOKEN = { lineComment: 12, blockComment: 13, lineBreak: 14, trivia: 15, end: 17 } as const;

const WORD = /^(?:\/\/+|\/\*+)\s*turnpike-ignore\b[ \t]*([\s\S]*?)(?:\*\/)?$/;

/** The comments of one file that silence something, in their order. */
export function findIgnores(source: Source): readonly Ignore[] {
  // Most files have none, and need not be read again.
  if (!source.text.includes('turnpike-ignore')) return [];
  const found: Ignore[] = [];
  /** Those that stand on a line of their own, and wait for the next line with something on it. */
  let waiting: Token[] = [];
  let last: Token | undefined;
  for (const token of tokensOf(source)) {
    if (!token.isComment) {
      const line = last === undefined ? 0 : token.line;
      found.push(...waiting.map((comment) => readIgnore(source, comment, line)));
      waiting = [];
      last = token;
      continue;
    }
    if (token.line === last?.line) found.push(readIgnore(source, token, token.line));
    else waiting.push(token);
  }
  // Behind the end there is nothing left that it could be about.
  return [...found, ...waiting.map((comment) => readIgnore(source, comment, Number.POSITIVE_INFINITY))];
}

interface Token {
  readonly isComment: boolean;
  readonly text: string;
  readonly offset: number;
  readonly line: number;
}

/** All but blanks, line breaks and other comments. */
function* tokensOf(source: Source): Generator<Token> {
  const scanner = createScanner(source.text, false);
  for (let kind = scanner.scan() as number; kind !== TOKEN.end; kind = scanner.scan()) {
    if (kind === TOKEN.lineBreak || kind === TOKEN.trivia) continue;
    const offset = scanner.getTokenOffset();
    const { line } = lineAndColumn({ source, offset, pointer: '' });
    const isComment = kind === TOKEN.lineComment || kind === TOKEN.blockComment;
    // The value of a comment begins with what stands before it (jsonc-parser 3.3).
    const text = source.text.slice(offset, offset + scanner.getTokenLength());
    if (!isComment || WORD.test(text)) yield { isComment, text, offset, line };
  }
}

function readIgnore(source: Source, { offset, text }: Token, line: number): Ignore {
  const said = WORD.exec(text)?.[1] ?? '';
  const colon = said.indexOf(':');
  const [ids, reason] = colon < 0 ? [said, ''] : [said.slice(0, colon), said.slice(colon + 1)];
  return { source, offset, line, ids: ids.split(/[\s,]+/).filter((id) => id !== ''), reason: reason.trim() };
}
