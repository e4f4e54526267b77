import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigError } from '../../config/config-error.ts';

/** Values in the whole file, those of aliases counted as often as they are used. */
const MAX_VALUES = 500_000;
/** Maps and lists inside each other. */
const MAX_DEPTH = 40;

/** A value of the file, with the line that it is written on. */
export type Located = LocatedMap | LocatedList | LocatedPlain;

export interface LocatedMap {
  readonly kind: 'map';
  readonly line: number;
  readonly members: ReadonlyMap<string, Located>;
}

interface LocatedList {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly Located[];
}

interface LocatedPlain {
  readonly kind: 'plain';
  readonly line: number;
  readonly value: string | number | boolean | null;
}

/** A file that is none of Kong's, or holds what can't be understood at all. */
export class KongFault extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** The fault as the commands tell faults of files. */
export function asConfigError(file: string, { line, message }: KongFault): ConfigError {
  return new ConfigError([{ file, line, column: line === 0 ? 0 : 1, path: '', message }]);
}

/** Reads YAML or JSON, which is YAML too. Throws a `KongFault` for anything else, and for what unfolds beyond all use. */
export function readLocated(text: string): LocatedMap {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: false, uniqueKeys: true, logLevel: 'silent' });
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 0 : lines.linePos(offset).line);
  const [error] = document.errors;
  if (error !== undefined) throw new KongFault(lineAt(error.pos[0]), error.message.split('\n', 1)[0] ?? 'no YAML');
  const budget = { left: MAX_VALUES };

  function locate(node: unknown, depth: number): Located {
    budget.left -= 1;
    const line = lineAt((node as Node | null)?.range?.[0]);
    if (budget.left < 0) throw new KongFault(line, `more than ${MAX_VALUES} values once its aliases are unfolded`);
    if (depth > MAX_DEPTH) throw new KongFault(line, `nested deeper than ${MAX_DEPTH} levels`);
    if (isAlias(node)) return locateAlias(node.resolve(document), line, depth);
    if (isMap(node)) return { kind: 'map', line, members: membersOf(node, depth) };
    if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => locate(item, depth + 1)) };
    return { kind: 'plain', line, value: isScalar(node) ? plainOf(node.value, line) : null };
  }

  function locateAlias(node: unknown, line: number, depth: number): Located {
    if (node === undefined) throw new KongFault(line, 'an alias that stands for nothing');
    return locate(node, depth + 1);
  }

  function membersOf(map: { readonly items: readonly { key: unknown; value: unknown }[] }, depth: number) {
    const members = new Map<string, Located>();
    const merged: Located[] = [];
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const line = lineAt((key as Node | null)?.range?.[0]);
      const located = locate(value, depth + 1);
      // A list or a map begins on the line after its name; who looks for it looks for the name.
      if (name === '<<') merged.push(located);
      else members.set(name, { ...located, line });
    }
    for (const [name, given] of merged.flatMap(mergedFrom)) if (!members.has(name)) members.set(name, given);
    return members;
  }

  const root = locate(document.contents, 0);
  if (root.kind !== 'map') throw new KongFault(root.line, 'expected a declarative file of Kong: an object');
  return root;
}

/** What `<<` brings in: of a map, or of several, of which the first counts. */
function mergedFrom(value: Located): [string, Located][] {
  if (value.kind === 'map') return [...value.members];
  if (value.kind === 'list') return value.items.flatMap(mergedFrom);
  throw new KongFault(value.line, '"<<" merges maps alone');
}

function plainOf(value: unknown, line: number): LocatedPlain['value'] {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new KongFault(line, 'expected a text, a number, true or false');
}
