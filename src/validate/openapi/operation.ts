import { isObject, type JsonObject, own } from '../../lib/json-object.ts';
import { escapePointer } from '../../lib/json-pointer.ts';
import { isJsonType, mediaTypeOf } from '../../lib/media-type.ts';
import { FORM_TYPE } from '../body-value.ts';
import { type Kinds, kindsOf } from '../coerce.ts';
import { DocumentFault } from '../document-fault.ts';
import { type LeaveOut, type Parameters, type Place, readParameters } from './parameters.ts';
import { type ApiDocument, follow } from './read-document.ts';
import type { SchemaSet } from './schema-set.ts';

/** What a body of one type must be. */
export interface Media {
  /** In lower case: `application/json`, `image/*`. */
  readonly range: string;
  /** Pointer to its schema in the set; undefined where there is none, or where its type can't be read here. */
  readonly schema: string | undefined;
  readonly kinds: Kinds | undefined;
}

export interface RequestBodyTerms {
  readonly isRequired: boolean;
  readonly media: readonly Media[];
}

/** What a document says of one method of a path. */
export interface Operation {
  /** `GET /users/{id}`, for messages. */
  readonly label: string;
  readonly parameters: ReadonlyMap<Place, Parameters>;
  /** Undefined where the operation has no body. */
  readonly body: RequestBodyTerms | undefined;
  /** By status (`200`), by class (`4XX`), or `default`; an empty list where an answer has no body. */
  readonly answers: ReadonlyMap<string, readonly Media[]>;
}

export interface OperationSource {
  readonly path: string;
  readonly method: string;
  readonly item: JsonObject;
  /** Where `item` is written. */
  readonly itemPointer: string;
}

export interface Sets {
  readonly request: SchemaSet;
  /** Undefined where answers are none of our business. */
  readonly answer: SchemaSet | undefined;
}

/** Reads an operation, and adds the schemas that it needs. Throws `DocumentFault`. */
export function readOperation(
  document: ApiDocument,
  { path, method, item, itemPointer }: OperationSource,
  sets: Sets,
  leaveOut: LeaveOut,
): Operation {
  const pointer = `${itemPointer}/${method}`;
  const operation = own(item, method);
  if (!isObject(operation)) throw new DocumentFault(pointer, 'expected an operation: an object');
  const lists = [
    [own(item, 'parameters'), `${itemPointer}/parameters`],
    [own(operation, 'parameters'), `${pointer}/parameters`],
  ] as const;
  const body = own(operation, 'requestBody');
  return {
    label: `${method.toUpperCase()} ${path}`,
    parameters: readParameters(document, lists, sets.request, leaveOut),
    body: body === undefined ? undefined : readBody(document, body, `${pointer}/requestBody`, sets.request),
    answers: sets.answer === undefined ? new Map() : readAnswers(document, operation, pointer, sets.answer),
  };
}

function readBody(document: ApiDocument, written: unknown, at: string, set: SchemaSet): RequestBodyTerms {
  const { value, pointer } = follow(document, written, at);
  if (!isObject(value)) throw new DocumentFault(pointer, 'expected a body: an object with "content"');
  return { isRequired: own(value, 'required') === true, media: readContent(document, value, pointer, set, isReadable) };
}

function readAnswers(
  document: ApiDocument,
  operation: JsonObject,
  at: string,
  set: SchemaSet,
): Map<string, readonly Media[]> {
  const responses = own(operation, 'responses') ?? {};
  if (!isObject(responses))
    throw new DocumentFault(`${at}/responses`, 'expected an object with an answer for each status');
  const answers = new Map<string, readonly Media[]>();
  for (const [status, written] of Object.entries(responses)) {
    if (status.startsWith('x-')) continue;
    const { value, pointer } = follow(document, written, `${at}/responses/${escapePointer(status)}`);
    if (!isObject(value)) throw new DocumentFault(pointer, 'expected an answer: an object');
    if (!/^(?:[1-5](?:\d\d|XX)|default)$/i.test(status))
      throw new DocumentFault(pointer, 'expected a status such as 200, 4XX or default');
    answers.set(status.toUpperCase(), readContent(document, value, pointer, set, isJsonType));
  }
  return answers;
}

function isReadable(type: string): boolean {
  return isJsonType(type) || mediaTypeOf(type) === FORM_TYPE || type === '*/*' || type === 'application/*';
}

function readContent(
  document: ApiDocument,
  { content }: JsonObject,
  at: string,
  set: SchemaSet,
  canRead: (type: string) => boolean,
): Media[] {
  if (content === undefined) return [];
  if (!isObject(content)) throw new DocumentFault(`${at}/content`, 'expected an object with a schema for each type');
  const media = Object.entries(content).map(([type, written]) => {
    const place = `${at}/content/${escapePointer(type)}`;
    if (!isObject(written)) throw new DocumentFault(place, 'expected an object with "schema"');
    const schema = own(written, 'schema');
    const range = mediaTypeOf(type);
    if (schema === undefined || !canRead(range)) return { range, schema: undefined, kinds: undefined };
    return { range, schema: set.add(schema, `${place}/schema`), kinds: kindsOf(schema, document.root) };
  });
  // The narrowest range that fits is the one that is meant.
  return media.sort((a, b) => stars(a.range) - stars(b.range));
}

function stars(range: string): number {
  return range.split('*').length;
}
