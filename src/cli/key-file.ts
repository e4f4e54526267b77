import { realpathSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type JSONPath, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import type { StoredConsumer } from '../auth/stored-consumer.ts';
import { type ReadFile, readRouteFiles } from '../config/read-files.ts';
import { LockedError, withFileLock } from './file-lock.ts';
import { appendItem, removeItem, setMember } from './json-edit.ts';
import { type KeyStore, KeyStoreError } from './key-store.ts';
import { replaceFile } from './replace-file.ts';

/** One of the files, as much of it as keys are about. */
interface RoutesPart {
  readonly path: string;
  readonly text: string;
  readonly root: object;
  readonly consumers: readonly StoredConsumer[];
}

/** What a consumer has of a group, as much as keys are about. */
export interface GroupScopes {
  readonly scopes?: readonly string[];
}

/** What the files say of where keys belong, and of the plans that a consumer may have. */
export interface KeyRules {
  readonly consumerStore: unknown;
  readonly plans: ReadonlySet<string>;
  readonly groups: ReadonlyMap<string, GroupScopes>;
  readonly hasRoutes: boolean;
}

/** Reads the rules. Throws a KeyStoreError for what can't be read. */
export function readKeyRules(main: string): KeyRules {
  const roots = readParts(main).map(
    ({ root }) =>
      root as { consumerStore?: unknown; plans?: object; groups?: Record<string, GroupScopes>; routes?: unknown },
  );
  return {
    consumerStore: roots.find(({ consumerStore }) => consumerStore !== undefined)?.consumerStore,
    plans: new Set(roots.flatMap(({ plans }) => Object.keys(plans ?? {}))),
    groups: new Map(roots.flatMap(({ groups }) => Object.entries(groups ?? {}))),
    hasRoutes: roots.some(({ routes }) => routes !== undefined),
  };
}

/**
 * Consumers in a routes.json and the files of routes.d beside it, each changed where it stands; new ones come into
 * `fresh`. Only what changes is rewritten, one process after the other: comments and layout of the rest stay.
 */
export function createFileKeyStore(main: string, fresh: string = main): KeyStore {
  return {
    place: fresh,
    keepsTimes: false,
    async read() {
      return readParts(main).flatMap(({ consumers }) => consumers);
    },
    async change(name, make) {
      try {
        return await withFileLock(realPath(main), (isHeld) => {
          const parts = readParts(main);
          const has = ({ consumers }: RoutesPart) => consumers.some((one) => one.name === name);
          const part = parts.find(has) ?? parts.find(({ path }) => path === fresh);
          if (part === undefined) throw new KeyStoreError(`${fresh} can't be read; nothing was changed`);
          const before = part.consumers.find((one) => one.name === name);
          const { after, result } = make(before, part.path);
          write(part, editConsumer(part, before, after), isHeld);
          return result;
        });
      } catch (error) {
        if (!(error instanceof LockedError)) throw error;
        throw new KeyStoreError(`${error.message}; nothing was changed`, 'failed', { cause: error });
      }
    },
    async close() {},
  };
}

function editConsumer(part: RoutesPart, before: StoredConsumer | undefined, after: StoredConsumer): string {
  const index = before === undefined ? part.consumers.length : part.consumers.indexOf(before);
  const path = ['consumers', index];
  const text =
    before === undefined ? appendItem(part.text, ['consumers'], after) : editMembers(part.text, path, before, after);
  const consumers: unknown[] = [...part.consumers];
  consumers[index] = after;
  // An edit that would say anything else than what was meant is a bug, and must not reach the file.
  const wanted: unknown = JSON.parse(JSON.stringify({ ...part.root, consumers }));
  if (!isDeepStrictEqual(parse(text, [], { allowTrailingComma: true }), wanted)) {
    throw new KeyStoreError(`${part.path} could not be edited where it should be; nothing was changed`);
  }
  return text;
}

/** Writes the members that differ, one by one, so that what stands beside them stays. */
function editMembers(text: string, path: JSONPath, before: StoredConsumer, after: StoredConsumer): string {
  let edited = text;
  for (const member of ['plan', 'groups', 'roles', 'scopes', 'metadata', 'password'] as const) {
    if (!isDeepStrictEqual(before[member], after[member])) edited = setMember(edited, [...path, member], after[member]);
  }
  return editKeys(edited, [...path, 'keys'], before.keys ?? [], after.keys ?? []);
}

type Keys = NonNullable<StoredConsumer['keys']>;

function editKeys(text: string, path: JSONPath, before: Keys, after: Keys): string {
  let edited = text;
  // From the last on, so that the places of those before stay what they were.
  for (const [index, key] of [...before.entries()].reverse()) {
    const kept = after.find(({ id }) => id === key.id);
    if (kept === undefined) edited = removeItem(edited, [...path, index]);
    else if (kept.expiresAt !== key.expiresAt)
      edited = setMember(edited, [...path, index, 'expiresAt'], kept.expiresAt);
  }
  const added = after.filter(({ id }) => !before.some((key) => key.id === id));
  return added.reduce((all, key) => appendItem(all, path, key), edited);
}

function readParts(main: string): RoutesPart[] {
  return readRouteFiles(main).map(readPart);
}

function readPart({ path, source: { text }, problem }: ReadFile): RoutesPart {
  if (problem !== undefined) throw new KeyStoreError(`${path}: ${problem.message}; nothing was changed`, 'config');
  const errors: ParseError[] = [];
  const root: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const line = text.slice(0, error.offset).split('\n').length;
    throw new KeyStoreError(
      `${path}:${line} is not valid JSON (${printParseErrorCode(error.error)}); nothing was changed`,
      'config',
    );
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    throw new KeyStoreError(`${path} is no object: { "routes": [ … ] }; nothing was changed`, 'config');
  }
  const consumers = 'consumers' in root ? root.consumers : [];
  if (!Array.isArray(consumers))
    throw new KeyStoreError(`${path}: "consumers" is not a list; nothing was changed`, 'config');
  return { path, text, root, consumers: consumers as readonly StoredConsumer[] };
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch (cause) {
    throw new KeyStoreError(`${file} can't be read: ${(cause as NodeJS.ErrnoException).code}`, 'config', { cause });
  }
}

function write({ path }: RoutesPart, text: string, isHeld: () => boolean): void {
  if (!isHeld()) throw new KeyStoreError(`${path} was changed by another process meanwhile; nothing was changed here`);
  try {
    replaceFile(realPath(path), text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KeyStoreError(`${path} can't be written: ${code}; nothing was changed`, 'failed', { cause });
  }
}
