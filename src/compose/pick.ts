import { isRawNumber } from '../lib/json-text.ts';

/** What is kept of an object: names, each with what is kept of its value; `true` keeps all of it. */
export type Pick = ReadonlyMap<string, Pick | true>;

/** Makes one of names and dotted paths: `id`, `address.city`. A name alone keeps more than paths that go on from it. */
export function createPick(paths: readonly string[]): Pick {
  const root = new Map<string, Pick | true>();
  for (const path of paths) addPath(root, path.split('.'));
  return root;
}

function addPath(root: Map<string, Pick | true>, names: readonly string[]): void {
  let at = root;
  for (const [index, name] of names.entries()) {
    const known = at.get(name);
    if (known === true) return;
    if (index === names.length - 1) {
      at.set(name, true);
      return;
    }
    const next = (known ?? new Map()) as Map<string, Pick | true>;
    at.set(name, next);
    at = next;
  }
}

/**
 * What is kept of a value: of an object the names that it has itself, of a list the same of each of its items. Anything
 * else stays at the top, and is left out below, where an object was expected.
 */
export function pickFrom(value: unknown, pick: Pick): unknown {
  return isBranch(value) ? pickBranch(value, pick) : value;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isRawNumber(value);
}

function pickBranch(value: object, pick: Pick): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => pickFrom(item, pick));
  // Names are a service's: `__proto__` is one like any other.
  const kept = Object.create(null) as Record<string, unknown>;
  for (const [name, below] of pick) {
    if (!Object.hasOwn(value, name)) continue;
    const member = (value as Record<string, unknown>)[name];
    if (below === true) kept[name] = member;
    else if (isBranch(member)) kept[name] = pickBranch(member, below);
  }
  return kept;
}
