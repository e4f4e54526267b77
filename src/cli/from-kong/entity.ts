import { KongFault, type Located, type LocatedMap } from './read-kong.ts';

/** What says nothing of what a gateway does. */
const BOOKKEEPING = new Set([
  'id',
  'tags',
  'created_at',
  'updated_at',
  'instance_name',
  '_comment',
  '_ignore',
  'ws_id',
]);

/** One thing of the file, which knows what of it has been read: the rest is what was not taken over. */
export class Entity {
  readonly line: number;
  readonly #members: ReadonlyMap<string, Located>;
  readonly #read = new Set<string>();

  constructor({ line, members }: LocatedMap) {
    this.line = line;
    this.#members = members;
  }

  /** Where a key stands, or the thing itself. */
  lineOf(key: string): number {
    return this.#members.get(key)?.line ?? this.line;
  }

  has(key: string): boolean {
    return this.#take(key) !== undefined;
  }

  text(key: string): string | undefined {
    const found = this.#take(key);
    if (found === undefined) return undefined;
    if (found.kind !== 'plain') throw new KongFault(found.line, `expected a text for "${key}"`);
    return String(found.value);
  }

  number(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number))
      throw new KongFault(this.lineOf(key), `expected a number for "${key}"`);
    return number;
  }

  flag(key: string): boolean | undefined {
    const found = this.#take(key);
    if (found === undefined) return undefined;
    if (found.kind !== 'plain' || typeof found.value !== 'boolean')
      throw new KongFault(found.line, `expected true or false for "${key}"`);
    return found.value;
  }

  /** A list of texts; one text stands for a list of it, as Kong has it. */
  texts(key: string): string[] | undefined {
    const found = this.#take(key);
    if (found === undefined) return undefined;
    return (found.kind === 'list' ? found.items : [found]).map((item) => {
      if (item.kind !== 'plain' || item.value === null)
        throw new KongFault(item.line, `expected a list of texts for "${key}"`);
      return String(item.value);
    });
  }

  child(key: string): Entity | undefined {
    const found = this.#take(key);
    if (found === undefined) return undefined;
    if (found.kind !== 'map') throw new KongFault(found.line, `expected an object for "${key}"`);
    return new Entity(found);
  }

  children(key: string): Entity[] {
    const found = this.#take(key);
    if (found === undefined) return [];
    if (found.kind !== 'list') throw new KongFault(found.line, `expected a list for "${key}"`);
    return found.items.map((item) => {
      if (item.kind !== 'map') throw new KongFault(item.line, `expected objects in "${key}"`);
      return new Entity(item);
    });
  }

  /** What another thing is called here: by its name, or by an object with its name or ID. */
  reference(key: string): string | undefined {
    const found = this.#take(key);
    if (found?.kind !== 'map') return found === undefined ? undefined : this.text(key);
    const other = new Entity(found);
    return other.text('name') ?? other.text('username') ?? other.text('id');
  }

  /** All of its own keys. */
  get keys(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Keys that nobody has asked for, bookkeeping left out. */
  unread(): readonly string[] {
    return [...this.#members.keys()].filter((key) => !this.#read.has(key) && !BOOKKEEPING.has(key) && this.#isSet(key));
  }

  /** Takes note that these need not be told. */
  ignore(...keys: string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  #isSet(key: string): boolean {
    const found = this.#members.get(key);
    return found !== undefined && !(found.kind === 'plain' && found.value === null);
  }

  #take(key: string): Located | undefined {
    this.#read.add(key);
    return this.#isSet(key) ? this.#members.get(key) : undefined;
  }
}
