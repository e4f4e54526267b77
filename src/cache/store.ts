import type { Entry } from './entry.ts';

/** What stands under a name: an answer, or the names of fields that tell answers apart, which stand under longer names. */
export type Stored = Entry | { readonly vary: readonly string[] };

export function isEntry(stored: Stored | undefined): stored is Entry {
  return stored !== undefined && 'body' in stored;
}

/** What was found under each name, and a mark by which it is known later whether the URL was invalidated since. */
export interface Found {
  readonly stored: readonly (Stored | undefined)[];
  readonly mark: Mark;
}

/** Of a URL at one moment; whose it is says what it means. */
export type Mark = string | number | undefined;

/** At once from memory, later from Redis. */
export type Eventual<T> = T | Promise<T>;

/** Where answers are kept. Never throws or rejects: a store that is gone is an empty one. */
export interface Store {
  /** False while it is gone: nothing is looked up, nothing is stored. */
  readonly isUp: boolean;
  /** `where`: the URL, looked at only where it is needed. */
  find(where: { readonly url: string }, names: readonly string[]): Eventual<Found>;
  /** Stores, unless the URL was invalidated since `mark` was taken. */
  put(url: string, name: string, stored: Stored, mark: Mark, keepMs: number): void;
  drop(url: string, name: string): void;
  /** Nothing that is stored of this URL is good any more, nor what was asked for before. */
  invalidate(url: string): void;
}

/** Goes on when something is there, at once where it is. */
export function then<T>(eventual: Eventual<T>, goOn: (value: T) => void, failed: (error: unknown) => void): void {
  if (eventual instanceof Promise) eventual.then(goOn).catch(failed);
  else goOn(eventual);
}
