import { isObject, type JsonObject, own } from '../../lib/json-object.ts';
import { escapePointer, findAtPointer, pointerOfFragment } from '../../lib/json-pointer.ts';
import { finish, type Steps } from '../../lib/steps.ts';
import { DocumentFault } from '../document-fault.ts';
import { parseYaml } from './read-yaml.ts';

/** An OpenAPI document that was read: an object with a version that is known here, and with paths. */
export interface ApiDocument {
  readonly version: '3.0' | '3.1';
  readonly root: JsonObject;
}

/** A value of a document, and where in it that is written. */
export interface Referenced {
  readonly value: unknown;
  /** JSON Pointer (RFC 6901) to the value itself, whatever references led there. */
  readonly pointer: string;
}

/** A longer text is no document that anybody serves requests by. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** Arrays and objects inside each other; GitHub's and Stripe's have less than 40. */
const MAX_DEPTH = 200;
/** A megabyte of YAML takes about a second, of which up to 0.2 s are in one go. */
const MAX_YAML_CHARS = 1024 * 1024;
/** A value may be repeated by `*alias`: what that unfolds to is bounded. */
const MAX_VALUES = 4_000_000;
/** A reference may lead to another one. */
const MAX_HOPS = 20;

const KNOWN_DIALECTS = [
  'https://spec.openapis.org/oas/3.1/dialect/base',
  'https://json-schema.org/draft/2020-12/schema',
];

/** Reads an OpenAPI document in one go, however long its YAML takes: for commands, which serve nobody meanwhile. */
export function readApiDocument(text: string): ApiDocument {
  return finish(readServedDocument(text, MAX_DOCUMENT_BYTES));
}

/** Reads an OpenAPI document (3.0 or 3.1) that is written in JSON, or in YAML of 1 MiB at most. Throws `DocumentFault`. */
export function* readServedDocument(text: string, maxYamlChars = MAX_YAML_CHARS): Steps<ApiDocument> {
  const root = yield* readJsonOrYaml(text, maxYamlChars);
  if (!isObject(root))
    throw new DocumentFault('', 'expected an OpenAPI document: an object with openapi, info and paths');
  const version = versionOf(root);
  checkDialect(root);
  const paths = own(root, 'paths');
  if (paths === undefined) {
    if (version === '3.0' || own(root, 'webhooks') === undefined) throw new DocumentFault('', '"paths" is missing');
  } else if (!isObject(paths)) {
    throw new DocumentFault('/paths', 'expected an object with a path template for each key');
  }
  return { version, root };
}

/**
 * Reads JSON, or else YAML 1.2, into plain values. Throws `DocumentFault` for what is neither, for keys that stand
 * twice in YAML, for long YAML, and for what is nested or unfolded beyond all use.
 */
export function* readJsonOrYaml(text: string, maxYamlChars = MAX_YAML_CHARS): Steps<unknown> {
  const value = yield* parseJsonOrYaml(text, maxYamlChars);
  yield;
  checkShape(value, '', 0, { left: MAX_VALUES });
  return value;
}

function* parseJsonOrYaml(text: string, maxYamlChars: number): Steps<unknown> {
  if (!/^\s*[[{]/.test(text)) return yield* parseYaml(text, maxYamlChars);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // YAML too may begin with a brace.
    return yield* parseYaml(text, maxYamlChars, `neither JSON (${(cause as Error).message}) nor YAML: `);
  }
}

function checkShape(value: unknown, pointer: string, depth: number, budget: { left: number }): void {
  budget.left -= 1;
  if (budget.left < 0) throw new DocumentFault('', `more than ${MAX_VALUES} values once its aliases are unfolded`);
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw new DocumentFault(pointer.slice(0, 200), `nested deeper than ${MAX_DEPTH} levels`);
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new DocumentFault(pointer, 'the key "__proto__" is refused');
    checkShape((value as JsonObject)[key], `${pointer}/${escapePointer(key)}`, depth + 1, budget);
  }
}

function versionOf(root: JsonObject): ApiDocument['version'] {
  const version = own(root, 'openapi');
  if (version === undefined && own(root, 'swagger') !== undefined) {
    throw new DocumentFault('/swagger', 'Swagger 2.0 is not read here', undefined, {
      hint: 'Convert it to OpenAPI 3 first, for example by `npx swagger2openapi`.',
    });
  }
  const known = typeof version === 'string' ? /^3\.[01](?=\.\d+(?:-.*)?$)/.exec(version) : null;
  if (known === null) {
    const found = version === undefined ? 'is missing' : 'is no version that is known here';
    throw new DocumentFault('/openapi', `"openapi" ${found}`, undefined, { hint: 'Known are 3.0.x and 3.1.x.' });
  }
  return known[0] as ApiDocument['version'];
}

/** A document of 3.1 may have its schemas be of any dialect; only that of OpenAPI itself is known here. */
function checkDialect(root: JsonObject): void {
  const dialect = own(root, 'jsonSchemaDialect');
  if (dialect === undefined || KNOWN_DIALECTS.includes(String(dialect))) return;
  throw new DocumentFault('/jsonSchemaDialect', 'this dialect of JSON Schema is not known here', undefined, {
    hint: `Leave it out, which stands for "${KNOWN_DIALECTS[0]}".`,
  });
}

/**
 * The value that stands at `pointer`, or where its `$ref` leads: for path items, parameters, bodies, answers and headers.
 * (A schema's `$ref` is the validator's own business.) Throws `DocumentFault` for one that leads out of the document,
 * to nothing, or in a circle.
 */
export function follow(document: ApiDocument, value: unknown, pointer: string): Referenced {
  let found: Referenced = { value, pointer };
  for (let hops = 0; isObject(found.value); hops++) {
    const ref = own(found.value, '$ref');
    if (typeof ref !== 'string') break;
    if (hops === MAX_HOPS) throw new DocumentFault(pointer, `"$ref" leads in a circle, or over ${MAX_HOPS} others`);
    found = referenced(document, ref, found.pointer);
  }
  return found;
}

function referenced(document: ApiDocument, ref: string, from: string): Referenced {
  if (!ref.startsWith('#')) {
    throw new DocumentFault(`${from}/$ref`, `"${ref}" leads out of this document`, undefined, {
      hint: 'Make one document of them first, for example by `npx @redocly/cli bundle`.',
    });
  }
  const pointer = pointerOfFragment(ref.slice(1)) ?? '#';
  const value = findAtPointer(document.root, pointer);
  if (value === undefined) throw new DocumentFault(`${from}/$ref`, `"${ref}" leads to nothing`);
  return { value, pointer };
}
