import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { documentStamps } from './documents.ts';
import { ownStageStamps } from './own-files.ts';
import { secretFilesIn } from './secrets.ts';
import type { Source } from './source.ts';

const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** One file of the configuration, or why there is none. */
export interface ReadFile {
  readonly path: string;
  readonly source: Source;
  /** Why it can't be used, and how to mend that. */
  readonly problem: { readonly message: string; readonly hint?: string } | undefined;
}

/** routes.json and then the files of routes.d beside it, in the order of their names. */
export function readRouteFiles(file: string): ReadFile[] {
  return [file, ...listFragments(file)].map(readOne);
}

/** The folder whose `*.json` files are merged into this one. */
export function fragmentFolder(file: string): string {
  return join(dirname(file), 'routes.d');
}

function listFragments(file: string): string[] {
  const folder = fragmentFolder(file);
  try {
    // A ConfigMap's bookkeeping (`..data`) and editors' swap files begin with a dot.
    const names = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function readOne(path: string): ReadFile {
  const name = displayName(path);
  try {
    if (statSync(path).size > MAX_FILE_BYTES) {
      return { path, source: { name, text: '' }, problem: { message: 'the file is larger than 16 MiB' } };
    }
    // A byte order mark is what Windows editors write; it is no part of the text.
    const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
    return { path, source: { name, text, folder: dirname(path) }, problem: undefined };
  } catch (error) {
    return { path, source: { name, text: '' }, problem: describeProblem((error as NodeJS.ErrnoException).code) };
  }
}

function describeProblem(code: string | undefined): { message: string; hint?: string } {
  if (code !== 'ENOENT') return { message: `the file can't be read (${code})` };
  const example = '{ "routes": [{ "prefix": "/api/users", "target": "http://localhost:4001", "auth": "none" }] }';
  return { message: 'there is no such file', hint: `Make one: ${example}, or point ROUTES_FILE to it.` };
}

/** A path as a person in the working directory would type it. */
export function displayName(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

/**
 * A digest of everything that the configuration is made of: the files, what their `${FILE:…}` lead to, and the state
 * of the documents and own stages that they name. Two equal ones mean that there is nothing to reload.
 * `folders` gets those that own stages lie in.
 */
export function fingerprint(file: string, folders: Set<string> = new Set()): string {
  const hash = createHash('sha256');
  for (const { path, source, problem } of readRouteFiles(file)) {
    hash.update(`${basename(path)}\n${problem?.message ?? source.text}\n`);
    for (const secretFile of secretFilesIn(source.text, dirname(path)))
      hash.update(`${secretFile}\n${contentOf(secretFile)}\n`);
    for (const stamp of documentStamps(source.text, dirname(path))) hash.update(`${stamp}\n`);
    for (const stamp of ownStageStamps(source.text, dirname(path), folders)) hash.update(`${stamp}\n`);
  }
  return hash.digest('hex');
}

function contentOf(file: string): Buffer | string {
  try {
    return readFileSync(file);
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
}
