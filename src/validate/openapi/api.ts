import { isObject, type JsonObject, own } from '../../lib/json-object.ts';
import { escapePointer } from '../../lib/json-pointer.ts';
import type { Steps } from '../../lib/steps.ts';
import type { AttachedDocument } from '../../stage.ts';
import { DocumentFault } from '../document-fault.ts';
import { EndlessReferences } from '../endless-reference.ts';
import { type Check, Engine, findSchemaFaults } from '../engine.ts';
import { InvalidSchema } from '../schema.ts';
import { explainSchemaFaults } from '../schema-faults.ts';
import { type Operation, readOperation, type Sets } from './operation.ts';
import { findPathFault, type LeaveOut } from './parameters.ts';
import { PathTree } from './path-tree.ts';
import { type ApiDocument, follow, readServedDocument } from './read-document.ts';
import { SchemaSet } from './schema-set.ts';

export interface ApiOptions {
  /** Lets pass unchecked what can't be checked, where false refuses the document. */
  readonly ignoreUncheckable: boolean;
  readonly withAnswers: boolean;
}

/** An operation, and the values that stand in the path for its parameters. */
export interface Asked {
  readonly operation: Operation;
  readonly params: ReadonlyMap<string, string>;
}

/** A service as its document describes it. */
export interface Api {
  /** Path of each of the document's servers, without a slash at the end; `''` for one without. */
  readonly bases: readonly string[];
  /**
   * The operation of a method at a path, with the values of the parameters in it; the methods that there are, where that
   * one is not described; undefined where the path is not. Several templates may fit: the narrowest with the method counts.
   */
  find(path: string, method: string): Asked | ReadonlySet<string> | undefined;
  /** The check by a schema of a request, or of an answer. Compiled with the first call. */
  requestCheck(schema: string): Check;
  answerCheck(schema: string): Check;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const MAX_FAULTS = 20;
const URI = 'turnpike:api';

const known = new WeakMap<AttachedDocument, Map<string, Api | InvalidSchema>>();

/** The API of a document, read once for each content and options. A step is a path or a schema. Throws `InvalidSchema`. */
export function* useApi(document: AttachedDocument, options: ApiOptions): Steps<Api> {
  let byOptions = known.get(document);
  if (byOptions === undefined) {
    byOptions = new Map();
    known.set(document, byOptions);
  }
  const key = JSON.stringify(options);
  let found = byOptions.get(key);
  if (found === undefined) {
    found = yield* tryRead(document, options);
    byOptions.set(key, found);
  }
  if (found instanceof InvalidSchema) throw found;
  return found;
}

function* tryRead({ text }: AttachedDocument, options: ApiOptions): Steps<Api | InvalidSchema> {
  try {
    return yield* readApi(yield* readServedDocument(text), options);
  } catch (error) {
    if (error instanceof InvalidSchema) return error;
    if (error instanceof DocumentFault) return new InvalidSchema([error]);
    throw error;
  }
}

function* readApi(document: ApiDocument, options: ApiOptions): Steps<Api> {
  const sets = {
    request: new SchemaSet(document, 'request'),
    answer: options.withAnswers ? new SchemaSet(document, 'answer') : undefined,
  };
  const tree = new PathTree<ReadonlyMap<string, Operation>>();
  const faults = yield* readPaths(document, tree, sets, options);
  faults.push(...(yield* findFaults(sets.request)));
  if (sets.answer !== undefined) faults.push(...(yield* findFaults(sets.answer)));
  if (faults.length > 0) throw new InvalidSchema(distinct(faults));
  return {
    bases: basesOf(document),
    find: (path, method) => findOperation(tree, path, method),
    requestCheck: createChecks(sets.request, true),
    answerCheck: sets.answer === undefined ? none : createChecks(sets.answer, false),
  };
}

function* readPaths(
  document: ApiDocument,
  tree: PathTree<ReadonlyMap<string, Operation>>,
  sets: Sets,
  { ignoreUncheckable }: ApiOptions,
): Steps<DocumentFault[]> {
  const faults: DocumentFault[] = [];
  const leaveOut = ignoreUncheckable ? () => undefined : undefined;
  for (const [path, written] of Object.entries((own(document.root, 'paths') as JsonObject | undefined) ?? {})) {
    if (path.startsWith('x-')) continue;
    yield;
    const fault = findFault(() => addPath(tree, path, readOperations(document, path, written, sets, leaveOut)));
    if (fault !== undefined) faults.push(fault);
    if (faults.length === MAX_FAULTS) break;
  }
  return faults;
}

function findFault(act: () => void): DocumentFault | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof DocumentFault) return error;
    throw error;
  }
}

function addPath(
  tree: PathTree<ReadonlyMap<string, Operation>>,
  path: string,
  operations: ReadonlyMap<string, Operation>,
): void {
  if (tree.add(path, operations)) return;
  throw new DocumentFault(`/paths/${escapePointer(path)}`, 'another path has the very same form');
}

function readOperations(
  document: ApiDocument,
  path: string,
  written: unknown,
  sets: Sets,
  leaveOut: LeaveOut,
): ReadonlyMap<string, Operation> {
  const pointer = `/paths/${escapePointer(path)}`;
  if (!path.startsWith('/')) throw new DocumentFault(pointer, 'a path begins with a slash');
  const { value: item, pointer: itemPointer } = follow(document, written, pointer);
  if (!isObject(item)) throw new DocumentFault(itemPointer, 'expected an object with an operation for each method');
  const operations = new Map<string, Operation>();
  for (const method of METHODS) {
    if (own(item, method) === undefined) continue;
    const operation = readOperation(document, { path, method, item, itemPointer }, sets, leaveOut);
    const fault = findPathFault(path, operation.parameters.get('path')?.kinds.byName.keys() ?? []);
    if (fault !== undefined) throw fault;
    operations.set(method.toUpperCase(), operation);
  }
  return operations;
}

function findOperation(
  tree: PathTree<ReadonlyMap<string, Operation>>,
  path: string,
  method: string,
): Asked | ReadonlySet<string> | undefined {
  const methods = new Set<string>();
  for (const { value, params } of tree.find(path)) {
    // A HEAD is what a GET would be, without a body (RFC 9110, section 9.3.2).
    const operation = value.get(method) ?? (method === 'HEAD' ? value.get('GET') : undefined);
    if (operation !== undefined) return { operation, params };
    for (const known of value.keys()) methods.add(known);
  }
  return methods.size === 0 ? undefined : methods;
}

function none(): never {
  throw new Error('this API was read without its answers');
}

function* findFaults(set: SchemaSet): Steps<DocumentFault[]> {
  const faults: DocumentFault[] = [];
  const endless = new EndlessReferences(set.root);
  for (const [pointer, schema] of set.written()) {
    const circle = endless.find(schema, pointer);
    if (circle !== undefined) faults.push(circle);
    for (const { pointer: below, message } of explainSchemaFaults(findSchemaFaults(schema, '2020-12')))
      faults.push(new DocumentFault(pointer + below, message));
    if (faults.length >= MAX_FAULTS) break;
    yield;
  }
  return faults;
}

/** A schema that requests and answers share is faulty in both. */
function distinct(faults: readonly DocumentFault[]): DocumentFault[] {
  const byText = new Map(faults.map((fault) => [`${fault.pointer}\n${fault.message}`, fault]));
  return [...byText.values()].slice(0, MAX_FAULTS);
}

/**
 * Compiles a schema when it is first asked for: the whole of a large document would take seconds, and most of it is
 * asked for never. That it can be compiled is known: schemas, references and expressions have been checked.
 */
function createChecks(set: SchemaSet, tellsAll: boolean): (schema: string) => Check {
  let engine: Engine | undefined;
  const checks = new Map<string, Check>();
  return (schema) => {
    let check = checks.get(schema);
    if (check === undefined) {
      if (engine === undefined) {
        engine = new Engine({ dialect: '2020-12', isStrict: false, hasMeta: false, tellsAll });
        engine.add(set.root, URI);
      }
      check = engine.compile(URI + schema);
      checks.set(schema, check);
    }
    return check;
  };
}

function basesOf({ root }: ApiDocument): string[] {
  const servers = own(root, 'servers');
  if (!Array.isArray(servers)) return [''];
  const bases = servers.map((server: unknown) => baseOf(isObject(server) ? own(server, 'url') : undefined));
  return [...new Set(bases)];
}

/** The path of a server's URL; variables stand in it as their names. */
function baseOf(url: unknown): string {
  if (typeof url !== 'string') return '';
  const path = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/]*(\/[^?#]*)?/i.exec(url)?.[1] ?? (url.startsWith('/') ? url : '');
  return path.replace(/\/+$/, '');
}
