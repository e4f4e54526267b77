import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RecentMap } from '../lib/recent-map.ts';
import { readModuleTree } from '../own/module-tree.ts';

/** What a string of routes.json looks like that may name the file of an own stage. */
const NAMED = /"((?:\.{0,2}\/)[^"\\\n]+\.[cm]?[jt]s)"/g;

interface Looked {
  readonly files: readonly string[];
  readonly stamps: readonly string[];
}

/** What each stage is made of, by the stamps of its files: nothing is read again with every look. */
const lookedAt = new RecentMap<string, Looked>(200);

/**
 * A line for each file that an own stage of a routes file may be made of: when it was written, and how large it is.
 * Another line means that there may be something to reload. `folders` gets the folders that they lie in.
 */
export function ownStageStamps(text: string, folder: string, folders: Set<string>): string[] {
  const names = new Set([...text.matchAll(NAMED)].map(([, name = '']) => resolve(folder, name)));
  return [...names].flatMap((path) => {
    const { files, stamps } = look(path);
    files.forEach((file, index) => {
      if (stamps[index] !== noneOf(file)) folders.add(dirname(file));
    });
    return stamps;
  });
}

function look(path: string): Looked {
  const known = lookedAt.get(path);
  const stamps = known?.files.map(stampOf);
  if (known !== undefined && stamps?.every((stamp, index) => stamp === known.stamps[index]) === true) return known;
  const { files } = readModuleTree(path);
  const looked = { files, stamps: files.map(stampOf) };
  lookedAt.set(path, looked);
  return looked;
}

function noneOf(file: string): string {
  return `${file} none`;
}

function stampOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? noneOf(file) : `${file} ${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}
