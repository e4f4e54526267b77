import { createRequire } from 'node:module';
import type { DocumentNode } from 'graphql/language/ast';
import { isNestedDeeperThan } from './nesting.ts';
import { QueryFault } from './query-fault.ts';

/** Braces, brackets and parentheses inside each other, at most: the parser (graphql 17) overflows the stack at 4,000. */
const MAX_NESTING = 256;

/** How large a document may be that is parsed. */
export interface QuerySize {
  readonly maxTokens: number;
  readonly maxBytes: number;
}

const require = createRequire(import.meta.url);
let parser: typeof import('graphql/language/parser') | undefined;

/** Loads the parser, with the first route that needs it: most gateways have none, and no request should wait for it. */
export function loadParser(): typeof import('graphql/language/parser') {
  parser ??= require('graphql/language/parser') as typeof import('graphql/language/parser');
  return parser;
}

/**
 * Parses a document of GraphQL (September 2025 edition). Throws `QueryFault` for what is none, and for what is larger or
 * nested deeper than is looked at.
 */
export function parseQuery(text: string, { maxTokens, maxBytes }: QuerySize): DocumentNode {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw new QueryFault(`${bytes} bytes, at most ${maxBytes}`);
  if (isNestedDeeperThan(text, MAX_NESTING)) throw new QueryFault(`nested deeper than ${MAX_NESTING} levels`);
  const { parse } = loadParser();
  try {
    // Comments are no tokens to the parser, and it keeps every one of them.
    return parse(text, { noLocation: true, maxLexicalTokens: maxTokens, maxComments: maxTokens });
  } catch (error) {
    throw new QueryFault(explain(error, maxTokens));
  }
}

/** The parser's own words quote the query, which may hold a secret. */
function explain(error: unknown, maxTokens: number): string {
  const { message = '', locations } = error as { message?: string; locations?: readonly Place[] };
  if (message.startsWith('Syntax Error: Document contains')) return `more than ${maxTokens} tokens`;
  const [place] = locations ?? [];
  return place === undefined ? 'no GraphQL' : `no GraphQL, from line ${place.line}, column ${place.column} on`;
}

interface Place {
  readonly line: number;
  readonly column: number;
}
