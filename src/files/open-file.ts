import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isBelow } from './file-path.ts';
import { holdsOwnFiles, type OwnFiles } from './own-files.ts';

/** A file that is open, and was seen to be in the folder after that: whatever its name leads to by now. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/** What says that there is nothing to be found, or that a link stands where a file was. */
const NOTHING_THERE: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENXIO', 'EISDIR'];

// A pipe would be waited for, until somebody writes into it; a device must not become this process's terminal.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/**
 * Opens the file of this name in the folder, if it is really in it: a symbolic link that leads out of the folder leads to
 * nothing here, and neither does a pipe. `'folder'` for a folder. Whoever may write into the folder could put a link in
 * the place of what was looked at, so the file is opened first, and looked at then; what was opened is what is sent.
 */
export async function openInFolder(
  folder: string,
  name: string,
  own: OwnFiles,
): Promise<OpenFile | 'folder' | undefined> {
  try {
    // The file is looked for below the real folder, so that one deployment does not mix with the next.
    const root = await realpath(folder);
    if (holdsOwnFiles(root, own)) return undefined;
    const file = await realpath(join(root, name));
    if (!isBelow(root, file)) return undefined;
    const found = await stat(file);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? await openChecked(root, file) : undefined;
  } catch (error) {
    if (NOTHING_THERE.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

async function openChecked(root: string, file: string): Promise<OpenFile | undefined> {
  const handle = await open(file, FLAGS);
  let isGood = false;
  try {
    const stats = await handle.stat();
    isGood = stats.isFile() && isBelow(root, await placeOf(handle, file));
    return isGood ? { handle, stats } : undefined;
  } finally {
    if (!isGood) await handle.close();
  }
}

/** Where an open file really is: Linux tells. Elsewhere its name must lead to it still, and by no link. */
async function placeOf(handle: FileHandle, file: string): Promise<string> {
  if (process.platform === 'linux') {
    try {
      return await readlink(`/proc/self/fd/${handle.fd}`);
    } catch {
      // No /proc here.
    }
  }
  const place = await realpath(file);
  const [opened, named] = await Promise.all([handle.stat({ bigint: true }), stat(place, { bigint: true })]);
  return opened.dev === named.dev && opened.ino === named.ino ? place : '';
}
