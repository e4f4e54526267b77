import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { isObject, type JsonObject, own } from '../lib/json-object.ts';
import { RecentMap } from '../lib/recent-map.ts';
import { finish, type Steps } from '../lib/steps.ts';
import type { AttachedDocument } from '../stage.ts';
import { DocumentFault } from './document-fault.ts';
import { EndlessReferences } from './endless-reference.ts';
import { type Check, type Dialect, Engine, findSchemaFaults } from './engine.ts';
import { readJsonOrYaml } from './openapi/read-document.ts';
import { explainSchemaFaults, faultOfCompiling } from './schema-faults.ts';

/** A schema, ready to check values. */
export interface CompiledSchema {
  /** As it was written. */
  readonly root: JsonObject;
  readonly check: Check;
}

/** What is wrong with a schema: all of it that is known. */
export class InvalidSchema extends Error {
  readonly faults: readonly DocumentFault[];

  constructor(faults: readonly DocumentFault[]) {
    super(faults[0]?.message ?? 'invalid schema');
    this.faults = faults;
  }
}

/** A schema in the file itself, or in one beside it. */
export type SchemaSource = JsonObject | AttachedDocument;

/** Compiled schemas by their content: most survive a reload, and many routes may share one. */
const compiled = new RecentMap<string, CompiledSchema | InvalidSchema>(1000);

const DIALECTS: readonly (readonly [RegExp, Dialect])[] = [
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, '2020-12'],
  [/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/, 'draft-07'],
];

/** Where a schema lies that has no file of its own. */
const INLINE_URI = 'turnpike:schema';

/** Compiles a schema in one go, or finds it compiled. Throws `InvalidSchema`. */
export function compileSchema(source: SchemaSource, isStrict: boolean): CompiledSchema {
  return finish(compileInSteps(source, isStrict));
}

/** The same; rests while the files of it are read. */
export function* compileInSteps(source: SchemaSource, isStrict: boolean): Steps<CompiledSchema> {
  const key = `${isStrict} ${keyOf(source)}`;
  let found = compiled.get(key);
  if (found === undefined) {
    found = yield* tryCompile(source, isStrict);
    compiled.set(key, found);
  }
  if (found instanceof InvalidSchema) throw found;
  return found;
}

export function isDocument(source: SchemaSource): source is AttachedDocument {
  return (source as AttachedDocument).beside instanceof Map;
}

function keyOf(source: SchemaSource): string {
  if (isDocument(source)) return `${source.path} ${source.digest}`;
  return createHash('sha256').update(JSON.stringify(source)).digest('hex');
}

function* tryCompile(source: SchemaSource, isStrict: boolean): Steps<CompiledSchema | InvalidSchema> {
  try {
    if (isDocument(source)) return yield* compileDocument(source, isStrict);
    return compileAll(source, new Map(), INLINE_URI, isStrict);
  } catch (error) {
    if (error instanceof InvalidSchema) return error;
    if (error instanceof DocumentFault) return new InvalidSchema([error]);
    throw error;
  }
}

function* compileDocument({ path, text, beside }: AttachedDocument, isStrict: boolean): Steps<CompiledSchema> {
  const root = yield* readJsonOrYaml(text);
  if (!isObject(root)) throw new DocumentFault('', 'expected a JSON Schema: an object');
  const others = new Map<string, JsonObject>();
  for (const [other, otherText] of beside) others.set(pathToFileURL(other).href, yield* readBeside(other, otherText));
  return compileAll(root, others, pathToFileURL(path).href, isStrict);
}

function* readBeside(path: string, text: string): Steps<JsonObject> {
  try {
    const value = yield* readJsonOrYaml(text);
    if (isObject(value)) return value;
    throw new DocumentFault('', 'expected a JSON Schema: an object');
  } catch (error) {
    if (!(error instanceof DocumentFault)) throw error;
    throw new DocumentFault('', `${path}: ${error.message}`, error.place, { cause: error });
  }
}

function compileAll(
  root: JsonObject,
  others: ReadonlyMap<string, JsonObject>,
  uri: string,
  isStrict: boolean,
): CompiledSchema {
  const dialect = dialectOf(root);
  for (const schema of [root, ...others.values()]) {
    const faults = findSchemaFaults(schema, dialect);
    if (faults.length > 0) throw new InvalidSchema(explainSchemaFaults(faults));
  }
  const circle = new EndlessReferences(root).findWithin(root);
  if (circle !== undefined) throw new InvalidSchema([circle]);
  const hasMeta = /"\$ref":"https?:\/\/json-schema\.org\//.test(JSON.stringify([root, ...others.values()]));
  const engine = new Engine({ dialect, isStrict, hasMeta, tellsAll: true });
  try {
    for (const [other, schema] of others) engine.add(schema, other);
    engine.add(root, uri);
    return { root, check: engine.compile(uri) };
  } catch (error) {
    throw new InvalidSchema([faultOfCompiling(error, root)]);
  }
}

function dialectOf(root: JsonObject): Dialect {
  const name = own(root, '$schema');
  if (name === undefined) return '2020-12';
  const found = typeof name === 'string' ? DIALECTS.find(([pattern]) => pattern.test(name)) : undefined;
  if (found !== undefined) return found[1];
  throw new DocumentFault('/$schema', 'this dialect of JSON Schema is not known here', undefined, {
    hint: 'Known are "https://json-schema.org/draft/2020-12/schema", the default, and draft-07.',
  });
}
