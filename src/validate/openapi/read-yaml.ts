import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { Steps } from '../../lib/steps.ts';
import { DocumentFault } from '../document-fault.ts';

/** A value may be repeated by `*alias`: what that unfolds to is bounded. */
const MAX_ALIASES = 1000;

/** A rest is offered after so many tokens: each takes a microsecond or two. */
const TOKENS_BETWEEN_RESTS = 200;

const require = createRequire(import.meta.url);

/**
 * Reads YAML 1.2 into plain values; rests while it is being read, and between what is done with all of it then, which is
 * a third of the work. Throws `DocumentFault`, whose message begins with `lead`, for what is no YAML and for keys that
 * stand twice.
 */
export function* parseYaml(text: string, maxChars: number, lead = ''): Steps<unknown> {
  if (text.length > maxChars) {
    const hint = 'Write it as JSON, which is read twenty times as fast.';
    const most = `${maxChars / 1024 / 1024} MiB`;
    throw new DocumentFault('', `${lead}YAML of more than ${most} would stop the gateway`, undefined, { hint });
  }
  const yaml = require('yaml') as typeof Yaml;
  const lines = new yaml.LineCounter();
  const tokens = yield* readTokens(yaml, text, lines);
  try {
    return yield* plainValueOf(yaml, tokens, text, lines, lead);
  } catch (cause) {
    if (cause instanceof DocumentFault) throw cause;
    throw new DocumentFault('', `${lead}${(cause as Error).message}`, undefined, { cause });
  }
}

function* readTokens(yaml: typeof Yaml, text: string, lines: Yaml.LineCounter): Steps<Yaml.CST.Token[]> {
  const tokens: Yaml.CST.Token[] = [];
  const parser = new yaml.Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    count += 1;
    if (count % TOKENS_BETWEEN_RESTS === 0) yield;
  }
  tokens.push(...parser.end());
  return tokens;
}

function* plainValueOf(
  yaml: typeof Yaml,
  tokens: readonly Yaml.CST.Token[],
  text: string,
  lines: Yaml.LineCounter,
  lead: string,
): Steps<unknown> {
  const faultAt = (message: string, offset: number) => {
    const { line, col } = lines.linePos(offset);
    return new DocumentFault('', `${lead}${message.split('\n', 1)[0]}`, { line, column: col });
  };
  // The library compares each key of an object with each: 12,000 paths take twice the time of all the rest.
  const composer = new yaml.Composer({ uniqueKeys: false, merge: false, strict: true });
  const [document, second] = [...composer.compose(tokens as Yaml.CST.Token[], true, text.length)];
  if (document === undefined) return undefined;
  const [error] = document.errors;
  if (error !== undefined) throw faultAt(error.message, error.pos[0]);
  if (second !== undefined) throw faultAt('more than one document', second.range[0]);
  yield;
  yaml.visit(document, {
    Map(_, { items }) {
      const twice = findTwice(yaml, items);
      if (twice !== undefined) throw faultAt('Map keys must be unique', twice);
    },
  });
  yield;
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

/** Where a key begins that the object has already; undefined where there is none. */
function findTwice(yaml: typeof Yaml, items: readonly Yaml.Pair[]): number | undefined {
  const names = new Set<string>();
  for (const { key } of items) {
    if (!yaml.isScalar(key)) continue;
    // `1` and `"1"` are one key of an object.
    const name = String(key.value);
    if (names.has(name)) return key.range?.[0] ?? 0;
    names.add(name);
  }
  return undefined;
}
