import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** What no path of a file has: separators that were encoded, and a NUL. */
const NEVER_IN_A_NAME = /%(?:2f|5c|00)|\\/i;

/** What a stranger may see of a folder although it begins with a dot (RFC 8615). */
const WELL_KNOWN = '/.well-known/';

/** What `realpath` says where there is nothing to be found. */
const NOTHING_THERE: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'];

/**
 * The name below a folder that a path of a URL means, decoded once; begins with a slash. Undefined for a path that
 * can be no file's: an encoded slash does not become one, and no `..` is left to climb by.
 */
export function fileNameOf(path: string, dotfiles: 'ignore' | 'allow'): string | undefined {
  if (NEVER_IN_A_NAME.test(path)) return undefined;
  const name = decode(path);
  if (name === undefined) return undefined;
  const visible = name.startsWith(WELL_KNOWN) ? name.slice(WELL_KNOWN.length - 1) : name;
  const segments = visible.split('/');
  if (segments.includes('..') || segments.includes('.')) return undefined;
  return dotfiles === 'ignore' && segments.some((segment) => segment.startsWith('.')) ? undefined : name;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // Bytes that are no UTF-8.
    return undefined;
  }
}

/**
 * Whether there is a file or a folder of this name in the folder, and really in it: a symbolic link that leads out of the
 * folder leads to nothing here. Nor does a pipe: reading it would wait for a writer, and keep one of Node's few threads.
 */
export async function isInFolder(folder: string, name: string): Promise<boolean> {
  try {
    const [root, file] = await Promise.all([realpath(folder), realpath(join(folder, name))]);
    if (!isBelow(root, file)) return false;
    const found = await stat(file);
    return found.isFile() || found.isDirectory();
  } catch (error) {
    if (NOTHING_THERE.includes((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
}

/** True for the folder itself and for all that is below it. */
export function isBelow(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
