import { parseEnv } from 'node:util';

/** What stands in a `.env`, for messages: no value is kept. */
export interface DotEnv {
  /** Names of variables, and the line of each. */
  readonly lines: ReadonlyMap<string, number>;
  /** Names whose value is in force: one that is really set wins. */
  readonly inForce: ReadonlySet<string>;
  /** Lines that assign nothing, and are ignored without a word by whoever reads such files; with their first word. */
  readonly strays: readonly { readonly line: number; readonly word: string }[];
}

export const NO_DOT_ENV: DotEnv = { lines: new Map(), inForce: new Set(), strays: [] };

/** `NAME=value`, where a quoted value may go on over several lines. */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)?[^\n]*/gm;

/** Finds out where the variables of a `.env` stand; `env` is what the process has of them. */
export function scanDotEnv(text: string, env: NodeJS.ProcessEnv): DotEnv {
  const values = parseEnv(text);
  const lines = new Map<string, number>();
  const rest = text.replace(ASSIGNMENT, (whole: string, name: string, offset: number) => {
    lines.set(name, lineAt(text, offset));
    return whole.replace(/[^\n]+/g, '');
  });
  const strays = rest.split('\n').flatMap((content, index) => {
    const [word = ''] = content.trim().split(/\s/, 1);
    return word === '' || word.startsWith('#') ? [] : [{ line: index + 1, word }];
  });
  const inForce = [...lines.keys()].filter((name) => values[name] !== undefined && values[name] === env[name]);
  return { lines, inForce: new Set(inForce), strays };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
