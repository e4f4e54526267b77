import { isObject, type JsonObject } from '../lib/json-object.ts';
import type { Step } from './json-path.ts';

/** An object of entries; `__proto__` is a name as any other. */
export const objectOf = (entries: Iterable<readonly [string, unknown]>): JsonObject => Object.fromEntries(entries);

/**
 * The value with each object that `way` leads to replaced by what `edit` makes of it; a list stands for each of its
 * items. The old value stays as it is: what is on the way to a change is copied, all else is shared. `creates` makes
 * objects where members are missing.
 */
export function editAt(value: unknown, way: readonly Step[], edit: EditObject, creates = false): unknown {
  return editFrom(value, 0, { way, edit, creates });
}

type EditObject = (object: JsonObject) => JsonObject;

interface Walk {
  readonly way: readonly Step[];
  readonly edit: EditObject;
  readonly creates: boolean;
}

function editFrom(value: unknown, at: number, walk: Walk): unknown {
  if (Array.isArray(value)) return value.map((item) => editFrom(item, at, walk));
  if (!isObject(value)) return value;
  const step = walk.way[at];
  if (step === undefined) return walk.edit(value);
  if (!Object.hasOwn(value, step.name)) {
    // A list that isn't there has no items to edit.
    if (!walk.creates || walk.way.some(({ isList }, index) => isList && index >= at)) return value;
    return withMember(value, step.name, editFrom({}, at + 1, walk));
  }
  const before = value[step.name];
  const after = editFrom(before, at + 1, walk);
  return after === before ? value : withMember(value, step.name, after);
}

/** The object with a member more, or another one in its place. */
export function withMember(object: JsonObject, name: string, member: unknown): JsonObject {
  const copy: Record<string, unknown> = { ...object };
  if (name !== '__proto__') copy[name] = member;
  else Object.defineProperty(copy, name, { value: member, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** What is picked of a value: all of it, or what its parts say. */
export class Picked {
  #isAll = false;
  readonly #members = new Map<string, Picked>();

  /** Picks what a path leads to as well. */
  add([step, ...rest]: readonly Step[]): void {
    if (step === undefined) {
      this.#isAll = true;
      return;
    }
    const member = this.#members.get(step.name) ?? new Picked();
    this.#members.set(step.name, member);
    member.add(rest);
  }

  /** The parts of a value that were picked, in each item of a list; undefined where there is none. */
  of(value: unknown): unknown {
    if (this.#isAll) return value;
    if (Array.isArray(value)) return value.map((item) => this.of(item)).filter((item) => item !== undefined);
    if (!isObject(value)) return undefined;
    const entries: [string, unknown][] = [];
    for (const [name, member] of Object.entries(value)) {
      const kept = this.#members.get(name)?.of(member);
      if (kept !== undefined) entries.push([name, kept]);
    }
    return objectOf(entries);
  }
}
