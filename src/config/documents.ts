import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RecentMap } from '../lib/recent-map.ts';
import type { AttachedDocument } from '../stage.ts';
import { MAX_DOCUMENT_BYTES } from '../validate/openapi/read-document.ts';

/** A document and all that it refers to. */
const MAX_FILES = 100;

/** What a string of routes.json looks like that may name a document. */
const NAMED = /"((?:\.{0,2}\/)[^"\\\n]+\.(?:json|ya?ml))"/g;
/** What a `$ref` of JSON or YAML leads to, without its fragment. */
const REFERRED = /\$ref['"]?\s*:\s*['"]?([^'"#\s},]+)/g;
const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/** A document, or why there is none. */
export type Attached = AttachedDocument | { readonly problem: string };

/** Reads the documents that routes name, each once; what has not changed since the last load is the very same object. */
export class DocumentReader {
  readonly #last: ReadonlyMap<string, AttachedDocument>;
  readonly #read = new Map<string, Attached>();

  constructor(last: ReadonlyMap<string, AttachedDocument> = new Map()) {
    this.#last = last;
  }

  /** The document that a route calls by this name, which is a path from the folder of the route's file. */
  attach(name: string, folder: string): Attached {
    const path = resolve(folder, name);
    let attached = this.#read.get(path);
    if (attached === undefined) {
      attached = this.#readWithOthers(path);
      this.#read.set(path, attached);
    }
    return attached;
  }

  /** What was read, for the load after this one. */
  get documents(): ReadonlyMap<string, AttachedDocument> {
    return new Map([...this.#read].flatMap(([path, found]) => ('problem' in found ? [] : [[path, found]])));
  }

  #readWithOthers(path: string): Attached {
    const text = readText(path);
    if (typeof text !== 'string') return text;
    const beside = new Map<string, string>();
    for (const other of othersOf(path, text)) {
      const otherText = readText(other);
      // What can't be read is told as a reference that leads to nothing, by whoever follows it.
      if (typeof otherText === 'string') beside.set(other, otherText);
    }
    const hash = createHash('sha256').update(text);
    for (const [other, otherText] of beside) hash.update(`\n${other}\n${otherText}`);
    const digest = hash.digest('hex');
    const last = this.#last.get(path);
    return last?.digest === digest ? last : { path, text, beside, digest };
  }
}

function readText(path: string): string | { readonly problem: string } {
  try {
    const stats = statSync(path);
    // A pipe is waited for without end, and a device has none.
    if (!stats.isFile()) return { problem: 'this is no file' };
    if (stats.size > MAX_DOCUMENT_BYTES) return { problem: 'this file is larger than 16 MiB' };
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return { problem: code === 'ENOENT' ? 'there is no such file' : `this file can't be read (${code})` };
  }
}

/** The files that a document refers to, and those that they refer to. */
function othersOf(path: string, text: string): string[] {
  const found = new Set([path]);
  const queue: [string, string][] = [[path, text]];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const other of referredIn(...next)) {
      if (found.has(other) || found.size >= MAX_FILES) continue;
      found.add(other);
      const otherText = readText(other);
      if (typeof otherText === 'string') queue.push([other, otherText]);
    }
  }
  found.delete(path);
  return [...found];
}

function referredIn(path: string, text: string): Set<string> {
  const names = [...text.matchAll(REFERRED)].map(([, name = '']) => name).filter((name) => !WITH_SCHEME.test(name));
  return new Set(names.map((name) => resolve(dirname(path), name)));
}

/** What a document refers to, by its stamp: a large one is not read again with every look. */
const lookedAt = new RecentMap<string, { readonly stamp: string; readonly others: readonly string[] }>(200);

/**
 * A line for each document that a routes file may name: when it was written, and how large it is. Another line means
 * that there may be something to reload.
 */
export function documentStamps(text: string, folder: string): string[] {
  const names = new Set([...text.matchAll(NAMED)].map(([, name = '']) => resolve(folder, name)));
  return [...names].flatMap((path) => {
    const stamp = stampOf(path);
    let looked = lookedAt.get(path);
    if (looked?.stamp !== stamp) {
      const content = readText(path);
      looked = { stamp, others: typeof content === 'string' ? othersOf(path, content) : [] };
      lookedAt.set(path, looked);
    }
    return [path, ...looked.others].map((file) => `${file} ${stampOf(file)}`);
  });
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'none';
  }
}
