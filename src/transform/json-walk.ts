import { isRawNumber } from '../lib/json-text.ts';
import { EACH, type Step } from './json-path.ts';

/** An object of JSON: its own keys are all that counts, whatever they are called. */
export type JsonObject = { readonly [name: string]: unknown };

/** True for an object of JSON; a number that was kept as it was written is none. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

/** An object of entries; `__proto__` is a name as any other. */
export const objectOf = (entries: Iterable<readonly [string, unknown]>): JsonObject => Object.fromEntries(entries);

/**
 * The value with each object that `steps` lead to replaced by what `edit` makes of it. The old value stays as it is:
 * what is on the way to a change is copied, all else is shared. `creates` makes objects where members are missing.
 */
export function editAt(
  value: unknown,
  steps: readonly Step[],
  edit: (object: JsonObject) => JsonObject,
  creates = false,
): unknown {
  return editFrom(value, steps, 0, edit, creates);
}

function editFrom(
  value: unknown,
  steps: readonly Step[],
  at: number,
  edit: (object: JsonObject) => JsonObject,
  creates: boolean,
): unknown {
  const step = steps[at];
  if (step === EACH) {
    if (!Array.isArray(value)) return value;
    return value.map((item) => editFrom(item, steps, at + 1, edit, creates));
  }
  if (!isObject(value)) return value;
  if (step === undefined) return edit(value);
  if (!Object.hasOwn(value, step)) {
    // A list that isn't there has no items to edit.
    if (!creates || steps.includes(EACH, at)) return value;
    return withMember(value, step, editFrom({}, steps, at + 1, edit, creates));
  }
  const before = value[step];
  const after = editFrom(before, steps, at + 1, edit, creates);
  return after === before ? value : withMember(value, step, after);
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
  #items: Picked | undefined;
  readonly #members = new Map<string, Picked>();

  /** Picks what a path leads to as well. */
  add(steps: readonly Step[]): void {
    const [step, ...rest] = steps;
    if (step === undefined) {
      this.#isAll = true;
    } else if (step === EACH) {
      this.#items ??= new Picked();
      this.#items.add(rest);
    } else {
      const member = this.#members.get(step) ?? new Picked();
      this.#members.set(step, member);
      member.add(rest);
    }
  }

  /** The parts of a value that were picked; undefined where there is none. */
  of(value: unknown): unknown {
    if (this.#isAll) return value;
    if (Array.isArray(value)) {
      const items = this.#items;
      return items?.filterItems(value);
    }
    if (!isObject(value) || this.#members.size === 0) return undefined;
    const entries: [string, unknown][] = [];
    for (const [name, member] of Object.entries(value)) {
      const kept = this.#members.get(name)?.of(member);
      if (kept !== undefined) entries.push([name, kept]);
    }
    return objectOf(entries);
  }

  filterItems(items: readonly unknown[]): unknown[] {
    return items.flatMap((item) => {
      const kept = this.of(item);
      return kept === undefined ? [] : [kept];
    });
  }
}
