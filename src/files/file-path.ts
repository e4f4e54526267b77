import { sep } from 'node:path';

/** What no path of a file has: separators that were encoded, and a NUL. */
const NEVER_IN_A_NAME = /%(?:2f|5c|00)|\\/i;

/** What a stranger may see of a folder although it begins with a dot (RFC 8615). */
const WELL_KNOWN = '/.well-known/';

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

/** True for the folder itself and for all that is below it. */
export function isBelow(folder: string, file: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
