import { RecentMap } from '../lib/recent-map.ts';
import type { CacheUsage } from '../metrics/watched.ts';
import type { AnswerFields } from '../sink.ts';
import { type Found, isEntry, type Mark, type Store, type Stored } from './store.ts';

/** What an entry takes beside its body and its fields, roughly. */
const OVERHEAD_BYTES = 1024;
/** Invalidations that answers under way are held against. */
const REMEMBERED = 20_000;

interface Held {
  readonly url: string;
  readonly stored: Stored;
  readonly bytes: number;
  readonly untilMs: number;
  /** How many had been stored when it was moved to the end of the order. */
  puts: number;
}

/** Answers in the memory of this process: what was used last stays, all in constant time. */
export class MemoryStore implements Store {
  readonly isUp = true;
  readonly #now: () => number;
  /** In the order of their last use, as far as that has to be known. */
  readonly #held = new Map<string, Held>();
  /** The names of each URL. */
  readonly #urls = new Map<string, Set<string>>();
  readonly #invalidated = new RecentMap<string, number>(REMEMBERED);
  #maxBytes: number;
  #bytes = 0;
  #seq = 0;
  #puts = 0;

  constructor(maxBytes: number, now: () => number) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  get usage(): CacheUsage {
    return { bytes: this.#bytes, entries: this.#held.size };
  }

  /** Another bound, from now on. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#shrink();
  }

  find(_where: { readonly url: string }, names: readonly string[]): Found {
    return { stored: names.map((name) => this.#get(name)), mark: this.#seq };
  }

  put(url: string, name: string, stored: Stored, mark: Mark, keepMs: number): void {
    if ((this.#invalidated.get(url) ?? 0) > Number(mark)) return;
    this.#remove(name);
    const bytes = weightOf(name, stored);
    this.#puts += 1;
    this.#held.set(name, { url, stored, bytes, untilMs: this.#now() + keepMs, puts: this.#puts });
    this.#bytes += bytes;
    const names = this.#urls.get(url);
    if (names === undefined) this.#urls.set(url, new Set([name]));
    else names.add(name);
    this.#shrink();
  }

  drop(_url: string, name: string): void {
    this.#remove(name);
  }

  invalidate(url: string): void {
    this.#seq += 1;
    this.#invalidated.set(url, this.#seq);
    for (const name of this.#urls.get(url) ?? []) this.#remove(name);
  }

  clear(): void {
    this.#held.clear();
    this.#urls.clear();
    this.#bytes = 0;
  }

  #get(name: string): Stored | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    if (held.untilMs <= this.#now()) {
      this.#remove(name);
      return undefined;
    }
    // While nothing new comes nothing has to go, and the order does not matter.
    if (held.puts !== this.#puts) {
      held.puts = this.#puts;
      this.#held.delete(name);
      this.#held.set(name, held);
    }
    return held.stored;
  }

  #remove(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#held.delete(name);
    this.#bytes -= held.bytes;
    const names = this.#urls.get(held.url);
    names?.delete(name);
    if (names?.size === 0) this.#urls.delete(held.url);
  }

  #shrink(): void {
    for (const name of this.#held.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(name);
    }
  }
}

function weightOf(name: string, stored: Stored): number {
  const bytes = OVERHEAD_BYTES + name.length;
  return isEntry(stored) ? bytes + stored.body.length + stored.path.length * 2 + weightOfFields(stored.fields) : bytes;
}

function weightOfFields(fields: AnswerFields): number {
  let chars = 0;
  for (const name in fields) chars += name.length + String(fields[name]).length;
  return chars * 2;
}
