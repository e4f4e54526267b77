import { isObject, type JsonObject, own } from '../lib/json-object.ts';
import { findAtPointer, pointerOfFragment } from '../lib/json-pointer.ts';

/** What a text may be read as. */
export interface Kind {
  readonly types: ReadonlySet<string>;
  /** Of the items, where it may be a list. */
  readonly items?: Kind;
}

/** The names of an object's properties, with what each may be read as. */
export interface Kinds {
  readonly byName: ReadonlyMap<string, Kind>;
  /** Of all that have no name here. */
  readonly others: Kind;
  /** False where others are refused. */
  readonly allowsOthers: boolean;
}

const TEXT: Kind = { types: new Set(['string']) };

/** A reference may lead to another; a schema of queries is no deeper. */
const MAX_DEPTH = 8;

/** A number as JSON has them (RFC 8259, section 6): no `0x10`, ` 1`, `+1`, `Infinity` or `1_000`. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const INTEGER = /^-?(?:0|[1-9]\d*)$/;

/** What the properties of an object may be read as, by its schema. */
export function kindsOf(schema: unknown, root: unknown): Kinds {
  const byName = new Map<string, Kind>();
  let others = TEXT;
  let allowsOthers = true;
  for (const part of partsOf(schema, root, 0)) {
    const properties = own(part, 'properties');
    if (isObject(properties)) {
      for (const [name, property] of Object.entries(properties)) byName.set(name, kindOf(property, root));
    }
    const additional = own(part, 'additionalProperties');
    if (isObject(additional)) others = kindOf(additional, root);
    if (additional === false || own(part, 'unevaluatedProperties') === false) allowsOthers = false;
  }
  return { byName, others, allowsOthers };
}

/** The names that an object must have, by its schema. */
export function requiredOf(root: JsonObject): readonly string[] {
  const required = own(root, 'required');
  return Array.isArray(required) ? required.map(String) : [];
}

/** What a value may be read as, by its schema: types that it names, or those of the values that it lists. */
export function kindOf(schema: unknown, root: unknown, depth = 0): Kind {
  const types = new Set<string>();
  let written: unknown;
  for (const part of partsOf(schema, root, depth)) {
    for (const type of typesOf(part)) types.add(type);
    written = own(part, 'items') ?? written;
  }
  if (types.size === 0) types.add('string');
  if (written === undefined || depth === MAX_DEPTH) return { types };
  return { types, items: kindOf(written, root, depth + 1) };
}

/** A schema with those that it stands for or is made of. */
function partsOf(schema: unknown, root: unknown, depth: number, seen = new Set<unknown>()): JsonObject[] {
  if (!isObject(schema) || depth > MAX_DEPTH || seen.has(schema)) return [];
  seen.add(schema);
  const parts = [schema];
  const ref = own(schema, '$ref');
  if (typeof ref === 'string' && ref.startsWith('#')) {
    const target = findAtPointer(root, pointerOfFragment(ref.slice(1)) ?? '#');
    parts.push(...partsOf(target, root, depth + 1, seen));
  }
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const list = own(schema, keyword);
    if (Array.isArray(list)) parts.push(...list.flatMap((one) => partsOf(one, root, depth + 1, seen)));
  }
  return parts;
}

function typesOf(schema: JsonObject): string[] {
  const type = own(schema, 'type');
  if (type !== undefined) return [type].flat().map(String);
  const listed = own(schema, 'enum');
  const values = Object.hasOwn(schema, 'const') ? [own(schema, 'const')] : Array.isArray(listed) ? listed : [];
  return values.map((value) => typeof value);
}

export function isList({ types }: Kind): boolean {
  return types.has('array');
}

/** The text as the value that it stands for; as it is where it stands for none of these. */
export function coerceText(text: string, { types }: Kind): unknown {
  const isNumeric = (types.has('number') && NUMBER.test(text)) || (types.has('integer') && INTEGER.test(text));
  if (isNumeric && Number.isFinite(Number(text))) return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Each text as an item of the list. */
export function coerceList(texts: readonly string[], { items = TEXT }: Kind): unknown[] {
  return texts.map((text) => coerceText(text, items));
}
