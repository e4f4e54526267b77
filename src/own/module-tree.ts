import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The file of an own stage, and the files that it imports by relative paths, and those that they import. */
export interface ModuleTree {
  /** In full; the first one is the file itself. */
  readonly files: readonly string[];
  /** SHA-256 in hex over all of them, and over where they lie. */
  readonly digest: string;
}

/** More than that is no stage, and would be read at every look. */
const MAX_FILES = 200;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** What leads to another file beside, whether it is imported, exported from, or required. */
const RELATIVE = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g;
/** What `require` adds to a name by itself. */
const ENDINGS = ['', '.js', '.cjs', '.json', '.ts', '.cts', '/index.js'];

/** Reads the tree as it is now. A file that is missing is part of it: it may come. */
export function readModuleTree(file: string): ModuleTree {
  const hash = createHash('sha256');
  const files = [file];
  for (const path of files) {
    const text = readText(path);
    hash.update(`${path}\n${text?.length ?? 'none'}\n${text ?? ''}\n`);
    if (text === undefined || path.endsWith('.json')) continue;
    for (const [, , name = ''] of text.matchAll(RELATIVE)) {
      const found = findFile(resolve(dirname(path), name));
      if (!files.includes(found) && files.length < MAX_FILES) files.push(found);
    }
  }
  return { files, digest: hash.digest('hex') };
}

/** Undefined where there is none to read. */
function readText(path: string): string | undefined {
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= MAX_FILE_BYTES ? readFileSync(path, 'utf8') : undefined;
  } catch {
    // Whoever imports it tells why.
    return undefined;
  }
}

function findFile(path: string): string {
  const ending = ENDINGS.find((one) => statSync(path + one, { throwIfNoEntry: false })?.isFile() === true);
  return path + (ending ?? '');
}
