import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { fingerprint, fragmentFolder } from './read-files.ts';

/** Long enough for an editor that empties a file before it writes it. */
const SETTLE_MS = 100;
/** A folder in which something is always being written must not put the look off for ever. */
const MAX_SETTLE_MS = 1000;
const POLL_MS = 1000;

export interface Watching {
  close(): void;
}

/**
 * Calls `onChange` when what the configuration is made of has changed: routes.json, routes.d, their secret files, and
 * the own stages that they use.
 *
 * The folders are watched, not the files: a ConfigMap swaps a link, and editors rename over the file. A slow poll
 * covers what no event tells (network disks, a secret in another folder). Only other content counts as a change.
 */
export function watchRoutes(file: string, onChange: () => void, pollMs = POLL_MS): Watching {
  const watchers = new Map<string, FSWatcher>();
  /** Of own stages, which people edit as they edit the file. */
  const others = new Set<string>();
  let seen = tryFingerprint(file, others);
  let settling: NodeJS.Timeout | undefined;
  let settlingSince = 0;

  function watchFolders(): void {
    for (const folder of [dirname(file), fragmentFolder(file), ...others]) {
      if (!watchers.has(folder)) watchFolder(folder, watchers, lookSoon);
    }
  }

  function look(): void {
    settling = undefined;
    // First the watches, then the look: what changes in between is then told by an event.
    watchFolders();
    const now = tryFingerprint(file, others);
    if (now === seen) return;
    seen = now;
    onChange();
  }

  function lookSoon(): void {
    const now = performance.now();
    if (settling === undefined) settlingSince = now;
    else if (now - settlingSince > MAX_SETTLE_MS) return;
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS).unref();
  }

  watchFolders();
  const poll = setInterval(() => {
    watchFolders();
    if (settling === undefined && tryFingerprint(file, others) !== seen) lookSoon();
  }, pollMs).unref();

  return {
    close() {
      clearInterval(poll);
      clearTimeout(settling);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

function watchFolder(folder: string, watchers: Map<string, FSWatcher>, onEvent: () => void): void {
  const forget = () => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  try {
    const watcher = watch(folder, { persistent: false }, (type) => {
      // A folder that was itself replaced is no longer the one being watched: the poll takes up the new one.
      if (type === 'rename') forget();
      onEvent();
    });
    watcher.on('error', forget);
    watchers.set(folder, watcher);
  } catch {
    // No such folder yet, or no watches left (ENOSPC of inotify): the poll sees the change a little later.
  }
}

function tryFingerprint(file: string, folders: Set<string>): string {
  try {
    return fingerprint(file, folders);
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
}
