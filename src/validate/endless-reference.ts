import { isObject, type JsonObject, own } from '../lib/json-object.ts';
import { escapePointer, findAtPointer, pointerOfFragment } from '../lib/json-pointer.ts';
import { DocumentFault } from './document-fault.ts';

/** Finds schemas that refer to themselves on the spot, by `$ref` and `allOf` alone: no value is ever through with them. */
export class EndlessReferences {
  readonly #root: unknown;
  /** Those that come to an end. */
  readonly #done = new Set<object>();

  /** References are those that begin with `#`, and lead from the root. */
  constructor(root: unknown) {
    this.#root = root;
  }

  /** The fault of a schema that stands at this place; undefined where it comes to an end. */
  find(schema: unknown, pointer: string): DocumentFault | undefined {
    if (!this.#isEndless(schema, new Set())) return undefined;
    const hint = 'Say what the value itself is, at one place of the circle.';
    const keyword = isObject(schema) && Object.hasOwn(schema, '$ref') ? '$ref' : 'allOf';
    return new DocumentFault(`${pointer}/${keyword}`, `"${keyword}" leads back to this schema itself`, undefined, {
      hint,
    });
  }

  /** The first fault of a schema and all that stands in it. */
  findWithin(schema: unknown): DocumentFault | undefined {
    const queue: [unknown, string][] = [[schema, '']];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [value, pointer] = next;
      if (typeof value !== 'object' || value === null) continue;
      // A schema with a name of its own has its references begin there.
      if (pointer !== '' && isObject(value) && typeof own(value, '$id') === 'string') continue;
      const fault = this.find(value, pointer);
      if (fault !== undefined) return fault;
      for (const [key, child] of Object.entries(value)) queue.push([child, `${pointer}/${escapePointer(key)}`]);
    }
    return undefined;
  }

  #isEndless(schema: unknown, on: Set<object>): boolean {
    if (!isObject(schema) || this.#done.has(schema)) return false;
    if (on.has(schema)) return true;
    on.add(schema);
    if (this.#alwaysChecked(schema).some((one) => this.#isEndless(one, on))) return true;
    on.delete(schema);
    this.#done.add(schema);
    return false;
  }

  /** The schemas that this one has each value be checked by, whatever it is. */
  #alwaysChecked(schema: JsonObject): readonly unknown[] {
    const all = own(schema, 'allOf');
    const ref = own(schema, '$ref');
    const checked = Array.isArray(all) ? all : [];
    if (typeof ref !== 'string' || !ref.startsWith('#')) return checked;
    return [...checked, findAtPointer(this.#root, pointerOfFragment(ref.slice(1)) ?? '#')];
  }
}
