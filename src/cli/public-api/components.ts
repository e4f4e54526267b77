import { isHiddenField } from '../../answer/head.ts';
import { createHeaderFilter } from '../../lib/header-filter.ts';
import type { Hide } from '../../lib/hidden-values.ts';
import { isObject, own } from '../../lib/json-object.ts';
import { DocumentFault } from '../../validate/document-fault.ts';
import { type ApiDocument, follow } from '../../validate/openapi/read-document.ts';
import type { Json } from './gateway-parts.ts';

/** The kinds of components that a public document takes over; who may call is the gateway's to say. */
const KINDS = ['schemas', 'responses', 'parameters', 'examples', 'requestBodies', 'headers', 'pathItems'];
/** Data, in which nothing is a reference or a schema. */
const DATA = new Set(['example', 'default', 'enum', 'const', 'value']);
/** Objects whose keys are names that somebody chose, `default` among them. */
const MAPS = new Set([
  ...KINDS,
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependentRequired',
  'dependencies',
  '$defs',
  'definitions',
  'content',
  'encoding',
]);

/** What is left behind of a request, on any route. */
const FIELDS = createHeaderFilter([]);

/** The components of a public document, from many documents, each name once. */
export class Components {
  readonly #kinds = new Map<string, Map<string, unknown>>();
  readonly #hide: Hide;

  constructor(hide: Hide) {
    this.#hide = hide;
  }

  /** Adds one of the gateway's own. */
  add(kind: string, name: string, value: unknown): void {
    this.#of(kind).set(name, value);
  }

  /** Takes a name that is free: this one, or else one with a number behind it. */
  claim(kind: string, name: string): string {
    const known = this.#of(kind);
    const plain = this.#hide(name).replace(/[^\w.-]/g, '_');
    let free = plain;
    for (let count = 2; known.has(free); count += 1) free = `${plain}_${count}`;
    known.set(free, undefined);
    return free;
  }

  toJson(): Json {
    return Object.fromEntries(
      [...this.#kinds].filter(([, names]) => names.size > 0).map(([kind, names]) => [kind, Object.fromEntries(names)]),
    );
  }

  #of(kind: string): Map<string, unknown> {
    let names = this.#kinds.get(kind);
    if (names === undefined) {
      names = new Map();
      this.#kinds.set(kind, names);
    }
    return names;
  }
}

/** Copies parts of one document into the public one, with the components that they refer to. */
export class DocumentCopy {
  readonly #document: ApiDocument;
  readonly #target: Components;
  /** Names in the public document, by `kind/name` in this one. */
  readonly #names = new Map<string, string>();
  readonly #inlining: string[] = [];
  readonly #withInternal: boolean;

  /** @param withInternal whether what the document marks with `x-internal` is told. */
  constructor(document: ApiDocument, target: Components, withInternal: boolean) {
    this.#document = document;
    this.#target = target;
    this.#withInternal = withInternal;
  }

  /** The value with all its references turned to the public document, in the words of OpenAPI 3.1. */
  copy(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.copy(each));
    if (!isObject(value)) return value;
    const ref = own(value, '$ref');
    if (typeof ref === 'string') return this.#copyReference(value, ref);
    const told = Object.entries(value).filter(([key]) => !isForInsiders(key));
    const copied = Object.fromEntries(told.map(([key, each]) => [key, this.#copyMember(key, each)]));
    return this.#document.version === '3.0' ? inNewWords(copied) : copied;
  }

  #copyMember(key: string, value: unknown): unknown {
    if (key === 'mapping' && isObject(value)) return this.#copyMapping(value);
    if (MAPS.has(key) && isObject(value)) return this.#copyMap(key, value);
    if (key === 'parameters' && Array.isArray(value)) return this.copyParameters(value);
    return DATA.has(key) || (key === 'examples' && Array.isArray(value)) ? value : this.copy(value);
  }

  #copyMap(kind: string, map: Readonly<Record<string, unknown>>): Json {
    const told = Object.entries(map).filter(([name, each]) => !isDropped(kind, name) && this.#isTold(each));
    return Object.fromEntries(told.map(([name, each]) => [name, this.copy(each)]));
  }

  /** The parameters that clients may send: what the gateway leaves behind is none. */
  copyParameters(list: readonly unknown[]): unknown[] {
    return list.filter((each) => this.#isTold(each) && !this.#isLeftBehind(each)).map((each) => this.copy(each));
  }

  #isTold(value: unknown): boolean {
    if (this.#withInternal || !isObject(value)) return true;
    const { value: meant } = follow(this.#document, value, '');
    return own(value, 'x-internal') !== true && !(isObject(meant) && own(meant, 'x-internal') === true);
  }

  #isLeftBehind(value: unknown): boolean {
    const { value: meant } = follow(this.#document, value, '');
    if (!isObject(meant) || own(meant, 'in') !== 'header') return false;
    return !FIELDS.passes(String(own(meant, 'name')));
  }

  #copyReference(value: Readonly<Record<string, unknown>>, ref: string): unknown {
    const target = this.#nameFor(ref);
    if (target === undefined) return this.#inline(ref);
    // In 3.0 what stands beside a reference counts nothing; in 3.1 it does.
    const beside =
      this.#document.version === '3.0'
        ? {}
        : Object.fromEntries(Object.entries(value).filter(([key]) => key !== '$ref'));
    return { ...(this.copy(beside) as Json), $ref: target };
  }

  #copyMapping(mapping: Readonly<Record<string, unknown>>): Json {
    return Object.fromEntries(
      Object.entries(mapping).flatMap(([key, each]) => {
        const name = typeof each === 'string' ? (this.#nameFor(each) ?? each) : undefined;
        // What is neither a component nor the plain name of one is a file or an address.
        return name === undefined || (!name.startsWith('#') && /[/:.]/.test(name)) ? [] : [[key, name]];
      }),
    );
  }

  /** Where a component of this document is in the public one; undefined for what is no component. */
  #nameFor(ref: string): string | undefined {
    const [, kind = '', written = ''] = /^#\/components\/([^/]+)\/([^/]+)$/.exec(ref) ?? [];
    if (!KINDS.includes(kind)) return undefined;
    const key = `${kind}/${written}`;
    const known = this.#names.get(key);
    if (known !== undefined) return `#/components/${kind}/${known}`;
    const { value } = follow(this.#document, { $ref: ref }, '');
    const plain = decodeURIComponent(written).replaceAll('~1', '/').replaceAll('~0', '~');
    // The name is known before the value is copied: a schema may refer to itself.
    const name = this.#target.claim(kind, plain);
    this.#names.set(key, name);
    this.#target.add(kind, name, this.copy(value));
    return `#/components/${kind}/${name}`;
  }

  /** What stands elsewhere in its document has no place here, and is written out where it is meant. */
  #inline(ref: string): unknown {
    if (this.#inlining.includes(ref)) throw new DocumentFault('', `"${ref}" leads to itself, and is no component`);
    this.#inlining.push(ref);
    const copied = this.copy(follow(this.#document, { $ref: ref }, '').value);
    this.#inlining.pop();
    return copied;
  }
}

/** Keys for those who build and run a service. Extensions are: they hold whatever its tools need, addresses for one. */
const FOR_INSIDERS = new Set([
  'callbacks',
  'externalDocs',
  'externalValue',
  'links',
  'security',
  'servers',
  '$comment',
  '$id',
]);

function isForInsiders(key: string): boolean {
  return key.startsWith('x-') || FOR_INSIDERS.has(key);
}

/** Names of a map that are none, and fields of answers that the gateway drops. */
function isDropped(kind: string, name: string): boolean {
  const lower = name.toLowerCase();
  return (kind === 'responses' && lower.startsWith('x-')) || (kind === 'headers' && isHiddenField(lower));
}

/** A schema of OpenAPI 3.0 in the words of 3.1, which are those of JSON Schema. */
function inNewWords(schema: Json): Json {
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...rest } = schema;
  const result: Json = { ...rest };
  if (nullable !== undefined && typeof nullable !== 'boolean') result['nullable'] = nullable;
  setBound(result, 'minimum', 'exclusiveMinimum', exclusiveMinimum);
  setBound(result, 'maximum', 'exclusiveMaximum', exclusiveMaximum);
  if (nullable !== true) return result;
  if (Array.isArray(result['enum']) && !result['enum'].includes(null)) result['enum'] = [...result['enum'], null];
  if (typeof result['type'] === 'string') return { ...result, type: [result['type'], 'null'] };
  return result['type'] === undefined && Object.keys(rest).length > 0 ? { anyOf: [result, { type: 'null' }] } : result;
}

function setBound(schema: Json, bound: string, exclusive: string, value: unknown): void {
  if (value === true) {
    schema[exclusive] = schema[bound];
    delete schema[bound];
  } else if (value !== undefined && value !== false) {
    schema[exclusive] = value;
  }
}
