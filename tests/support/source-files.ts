import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** One import, re-export or dynamic import, as written. */
export interface SourceImport {
  readonly specifier: string;
  /** `express` of `express/lib/x`; undefined for `node:` and relative imports. */
  readonly packageName: string | undefined;
  /** Path from the project's root, `src/lib/clock.ts`; undefined for packages. */
  readonly file: string | undefined;
  /** True when only types are taken, so that nothing is loaded. */
  readonly isTypeOnly: boolean;
}

/** One file of the project, read for what it imports and says. */
export interface SourceFile {
  /** Path from the project's root with forward slashes. */
  readonly file: string;
  readonly text: string;
  /** The text without comment lines and end-of-line comments. */
  readonly code: string;
  readonly imports: readonly SourceImport[];
}

/** Reads what matches a glob below the project's root; a rule that saw no file proves nothing, so count them. */
export function readSources(pattern: string): readonly SourceFile[] {
  return globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules/**'] })
    .map((name) => name.split(path.sep).join('/'))
    .sort()
    .map((file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      return { file, text, code: withoutComments(text), imports: findImports(file, text) };
    });
}

const STATEMENT = /^(?:import|export)\b([^'";]*?)\bfrom\s*['"]([^'"]+)['"]/gm;
const SIDE_EFFECT = /^import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\b(?:import|require|import\.meta\.resolve)\(\s*['"]([^'"]+)['"]/g;

function findImports(from: string, text: string): readonly SourceImport[] {
  const found: SourceImport[] = [];
  for (const [, clause = '', specifier = ''] of text.matchAll(STATEMENT)) {
    found.push(describe(from, specifier, isTypeClause(clause)));
  }
  for (const [, specifier = ''] of text.matchAll(SIDE_EFFECT)) found.push(describe(from, specifier, false));
  for (const [, specifier = ''] of text.matchAll(DYNAMIC)) found.push(describe(from, specifier, false));
  return found;
}

// `import type { A }`, or `import { type A, type B }`.
function isTypeClause(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause)?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '');
  return names !== undefined && names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

function describe(from: string, specifier: string, isTypeOnly: boolean): SourceImport {
  if (specifier.startsWith('.')) {
    const file = path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
    return { specifier, packageName: undefined, file, isTypeOnly };
  }
  if (specifier.startsWith('node:')) return { specifier, packageName: undefined, file: undefined, isTypeOnly };
  const packageName = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return { specifier, packageName, file: undefined, isTypeOnly };
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\/\*|\*)/.test(line))
    .map((line) => line.replace(/\s\/\/ .*$/, ''))
    .join('\n');
}
