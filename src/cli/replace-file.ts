import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Reasons why no other file can stand in for this one: it is mounted by itself, its folder or its owner is another's. */
const IN_PLACE = ['EBUSY', 'EACCES', 'EROFS', 'EPERM'];

/**
 * Writes a file whole or not at all, so that whoever watches it never reads half: a new file in the same folder,
 * synced, then renamed. Mode and owner stay. `real` is no link. Where a new file can't take the place of the old one
 * it is written in place. Throws the error of the file system.
 */
export function replaceFile(real: string, text: string): void {
  // The same name for all, who write one after the other: what a killed one has left is gone with the next.
  const fresh = `${real}.turnpike-tmp`;
  try {
    rmSync(fresh, { force: true });
    writeFresh(fresh, text, statSync(real));
    renameSync(fresh, real);
    syncFolder(dirname(real));
  } catch (error) {
    rmSync(fresh, { force: true });
    if (!IN_PLACE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    writeFileSync(real, text, { flush: true });
  }
}

function writeFresh(fresh: string, text: string, { mode, uid, gid }: Stats): void {
  const descriptor = openSync(fresh, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    // The owner first: a change of it takes bits of the mode away.
    if (process.getuid?.() !== uid || process.getgid?.() !== gid) fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A rename lasts when its folder is written; not every system lets a folder be synced. */
function syncFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, 'r');
    fsyncSync(descriptor);
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
