import { isObject, type JsonObject, own } from '../../lib/json-object.ts';
import { escapePointer, findAtPointer, pointerOfFragment } from '../../lib/json-pointer.ts';
import { parseScriptPattern } from '../../pattern.ts';
import { DocumentFault } from '../document-fault.ts';
import type { ApiDocument } from './read-document.ts';

/** What a schema is read for: a property that is `readOnly` need not be in a request, a `writeOnly` one in no answer. */
export type Direction = 'request' | 'answer';

/** Keywords that check something themselves. All others of a document (examples, names, hints) are left out. */
const PLAIN = new Set(
  'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired format'.split(
    ' ',
  ),
);
const OF_ONE = new Set(
  'items additionalProperties not if then else contains propertyNames unevaluatedItems unevaluatedProperties'.split(
    ' ',
  ),
);
const OF_LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const OF_NAMES = new Set(['properties', 'patternProperties', 'dependentSchemas']);
/** These refer by names that are not looked up here. */
const UNKNOWN_REFERENCES = ['$dynamicRef', '$recursiveRef'];

/**
 * The schemas of an OpenAPI document that are needed, in the words of JSON Schema 2020-12, each once: whatever they
 * refer to stands in one object beside them, so that references may go round in circles.
 */
export class SchemaSet {
  readonly #document: ApiDocument;
  readonly #direction: Direction;
  readonly #keys = new Map<string, string>();
  readonly #defs: Record<string, unknown> = {};
  /** Referred to, and not converted yet. */
  readonly #waiting: (readonly [key: string, pointer: string, schema: unknown])[] = [];

  constructor(document: ApiDocument, direction: Direction) {
    this.#document = document;
    this.#direction = direction;
  }

  /** Adds the schema that is written at this place; answers the pointer to it in `root`. */
  add(schema: unknown, pointer: string): string {
    const added = this.#keyOf(pointer, schema);
    this.#convertWaiting();
    return added;
  }

  /** Adds what no place of the document says, but is made of what stands there. */
  addMade(schema: JsonObject): string {
    const key = `made${Object.keys(this.#defs).length}`;
    this.#defs[key] = schema;
    return `#/$defs/${key}`;
  }

  /** The schema that all of these stand in. */
  get root(): JsonObject {
    return { $defs: this.#defs };
  }

  /** The converted schemas by the places where they are written; without those that a fault has kept from it. */
  *written(): Generator<readonly [pointer: string, schema: unknown]> {
    for (const [pointer, key] of this.#keys) {
      const schema = this.#defs[key];
      if (schema !== undefined) yield [pointer, schema];
    }
  }

  #keyOf(pointer: string, schema: unknown): string {
    let key = this.#keys.get(pointer);
    if (key === undefined) {
      key = String(this.#keys.size);
      this.#keys.set(pointer, key);
      this.#waiting.push([key, pointer, schema]);
    }
    return `#/$defs/${key}`;
  }

  #convertWaiting(): void {
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      const [key, pointer, schema] = next;
      this.#defs[key] = this.#convert(schema, pointer);
    }
  }

  #convert(schema: unknown, pointer: string): unknown {
    if (typeof schema === 'boolean') return schema;
    if (!isObject(schema)) throw new DocumentFault(pointer, 'expected a schema: an object');
    const ref = own(schema, '$ref');
    const converted: Record<string, unknown> = {};
    if (ref !== undefined) {
      converted['$ref'] = this.#refer(ref, `${pointer}/$ref`);
      // In 3.0 nothing beside a reference counts (section 4.7.23).
      if (this.#document.version === '3.0') return converted;
    }
    for (const [keyword, value] of Object.entries(schema)) this.#convertKeyword(converted, keyword, value, pointer);
    this.#relax(converted, schema);
    return this.#document.version === '3.0' ? fromVersion30(converted, schema) : converted;
  }

  #convertKeyword(converted: Record<string, unknown>, keyword: string, value: unknown, pointer: string): void {
    const at = `${pointer}/${escapePointer(keyword)}`;
    if (UNKNOWN_REFERENCES.includes(keyword)) throw new DocumentFault(at, `"${keyword}" is not known here`);
    if (keyword === 'pattern') checkPattern(value, at);
    if (keyword === 'enum' && Array.isArray(value) && value.length === 0)
      throw new DocumentFault(at, 'expected a value at least');
    if (PLAIN.has(keyword)) converted[keyword] = value;
    else if (OF_ONE.has(keyword)) converted[keyword] = this.#convert(value, at);
    else if (OF_LIST.has(keyword) && Array.isArray(value))
      converted[keyword] = value.map((one, index) => this.#convert(one, `${at}/${index}`));
    else if (OF_NAMES.has(keyword) && isObject(value)) converted[keyword] = this.#convertNames(keyword, value, at);
    // A list or an object that is none: for the schema of schemas to tell.
    else if (OF_LIST.has(keyword) || OF_NAMES.has(keyword)) converted[keyword] = value;
  }

  #convertNames(keyword: string, schemas: JsonObject, at: string): Record<string, unknown> {
    const entries = Object.entries(schemas).map(([name, one]) => {
      const place = `${at}/${escapePointer(name)}`;
      if (keyword === 'patternProperties') checkPattern(name, place);
      return [name, this.#convert(one, place)];
    });
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  #refer(ref: unknown, at: string): string {
    if (typeof ref !== 'string' || !ref.startsWith('#')) {
      const hint = 'Make one document of them first, for example by `npx @redocly/cli bundle`.';
      throw new DocumentFault(at, `"${String(ref)}" leads out of this document`, undefined, { hint });
    }
    const pointer = pointerOfFragment(ref.slice(1)) ?? '#';
    const schema = findAtPointer(this.#document.root, pointer);
    if (schema === undefined) throw new DocumentFault(at, `"${ref}" leads to nothing`);
    return this.#keyOf(pointer, schema);
  }

  /** What is there in the other direction alone need not be there in this one. */
  #relax(converted: Record<string, unknown>, { properties, required }: JsonObject): void {
    if (!Array.isArray(required) || !isObject(properties)) return;
    const keyword = this.#direction === 'request' ? 'readOnly' : 'writeOnly';
    const isNeeded = (name: unknown) => {
      const property = typeof name === 'string' ? this.#dereferenced(own(properties, name)) : undefined;
      return property === undefined || own(property, keyword) !== true;
    };
    converted['required'] = required.filter(isNeeded);
  }

  #dereferenced(schema: unknown): JsonObject | undefined {
    if (!isObject(schema)) return undefined;
    const ref = own(schema, '$ref');
    if (typeof ref !== 'string' || !ref.startsWith('#')) return schema;
    const target = findAtPointer(this.#document.root, pointerOfFragment(ref.slice(1)) ?? '#');
    return isObject(target) ? target : undefined;
  }
}

/** Patterns are compiled with the first request that needs them, so that they are tried here. */
function checkPattern(pattern: unknown, at: string): void {
  if (typeof pattern !== 'string') return;
  try {
    parseScriptPattern(pattern);
  } catch (cause) {
    throw new DocumentFault(at, (cause as Error).message, undefined, { cause });
  }
}

/** `nullable`, and bounds that a boolean makes exclusive (OpenAPI 3.0.4, section 4.7.24). */
function fromVersion30(converted: Record<string, unknown>, schema: JsonObject): unknown {
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof converted[exclusive] !== 'boolean') continue;
    if (converted[exclusive] === true && converted[bound] !== undefined) {
      converted[exclusive] = converted[bound];
      delete converted[bound];
    } else {
      delete converted[exclusive];
    }
  }
  if (own(schema, 'nullable') !== true) return converted;
  if (typeof converted['type'] === 'string' && converted['enum'] === undefined)
    return { ...converted, type: [converted['type'], 'null'] };
  return { anyOf: [converted, { type: 'null' }] };
}
