import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { WriteBytes } from './line-writer.ts';

/** A descriptor, and how it is written to; undefined: in a thread of the pool, as `fs.write` does. */
export interface Output {
  readonly descriptor: number;
  readonly write?: WriteBytes;
}

/**
 * The best way to write to stdout or stderr, which must never block.
 *
 * A pipe holds 64 KiB and is emptied at once by a reader that keeps up, but a write in a thread is over only in the next
 * turn of the loop: under load that is 64 KiB every few milliseconds. So a pipe is written to directly, several times a
 * turn. It is opened anew for that: whether a descriptor blocks is a property that all who inherited it share, and a
 * process that ends may change it back.
 */
export function createOutput(descriptor: number): Output {
  const own = openPipe(descriptor);
  return own === undefined ? { descriptor } : { descriptor: own, write: writeNow };
}

function openPipe(descriptor: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    if (!fstatSync(descriptor).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Another user's pipe, or one that nobody reads: by way of the thread then.
    return undefined;
  }
}

const writeNow: WriteBytes = (descriptor, bytes, offset, length, _position, done) => {
  let written = 0;
  let failure: NodeJS.ErrnoException | null = null;
  try {
    written = writeSync(descriptor, bytes, offset, length);
  } catch (error) {
    failure = error as NodeJS.ErrnoException;
  }
  done(failure, written);
};
