import { isObject, type JsonObject, own } from '../../lib/json-object.ts';
import { escapePointer } from '../../lib/json-pointer.ts';
import { DocumentFault } from '../../validate/document-fault.ts';
import { type ApiDocument, follow } from '../../validate/openapi/read-document.ts';

/** What an OpenAPI document says of one method at one path, of all that a route is made from. */
export interface Operation {
  /** As the document writes it: `/users/{id}`. */
  readonly path: string;
  /** In capitals. */
  readonly method: string;
  /** Where it is served; empty where the document says nothing. */
  readonly servers: readonly unknown[];
  /** Who may call; undefined where the document says nothing. */
  readonly security: readonly Requirement[] | undefined;
}

/** Schemes that are asked for together, each with the scopes that it needs; empty: nothing is. */
export type Requirement = Readonly<Record<string, readonly string[]>>;

// TRACE is never let through.
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

/**
 * All operations of a document, in its order. Throws `DocumentFault` for references that lead nowhere, and for what
 * says who may call in no words of OpenAPI: what can't be read may not open a route.
 */
export function listOperations(document: ApiDocument): Operation[] {
  const { root } = document;
  const ofAll = securityAt(root, '');
  const paths = own(root, 'paths');
  if (!isObject(paths)) return [];
  return Object.entries(paths).flatMap(([path, written]) => {
    if (path.startsWith('x-')) return [];
    const { value: item, pointer } = follow(document, written, `/paths/${escapePointer(path)}`);
    if (!isObject(item)) throw new DocumentFault(pointer, 'expected an object with an operation for each method');
    return operationsOf(root, path, item, pointer).map((found) => ({ ...found, security: found.security ?? ofAll }));
  });
}

function operationsOf(root: JsonObject, path: string, item: JsonObject, pointer: string): Operation[] {
  if (Object.hasOwn(item, 'security'))
    throw new DocumentFault(`${pointer}/security`, '"security" of a path says nothing in OpenAPI', undefined, {
      hint: 'Write it into each operation, or beside "paths" for all of them.',
    });
  return METHODS.flatMap((method): Operation[] => {
    if (!Object.hasOwn(item, method)) return [];
    const operation = item[method];
    if (!isObject(operation))
      throw new DocumentFault(`${pointer}/${method}`, 'expected an operation, which is an object');
    const servers = listAt('servers', operation, item, root) ?? [];
    const security = securityAt(operation, `${pointer}/${method}`);
    return [{ path, method: method.toUpperCase(), servers, security }];
  });
}

const SECURITY_HINT = 'Write [{ "name of the scheme": [] }], or [] for a route that is open to everybody.';

/** Who may call, as an object of the document says it (OpenAPI 3.1, section 4.8.30); undefined where it says nothing. */
function securityAt(object: JsonObject, at: string): readonly Requirement[] | undefined {
  if (!Object.hasOwn(object, 'security')) return undefined;
  const list = object['security'];
  const pointer = `${at}/security`;
  if (!Array.isArray(list)) throw new DocumentFault(pointer, 'expected a list', undefined, { hint: SECURITY_HINT });
  return list.map((each: unknown, index) => {
    if (!isObject(each))
      throw new DocumentFault(`${pointer}/${index}`, 'expected an object with the names of schemes', undefined, {
        hint: SECURITY_HINT,
      });
    for (const [name, scopes] of Object.entries(each))
      if (!Array.isArray(scopes) || scopes.some((scope) => typeof scope !== 'string'))
        throw new DocumentFault(`${pointer}/${index}/${escapePointer(name)}`, 'expected a list of scopes', undefined, {
          hint: 'A scheme without scopes has [].',
        });
    return each as Requirement;
  });
}

/** The list at a key of the first of these objects that has one. */
function listAt(key: string, ...objects: readonly JsonObject[]): readonly unknown[] | undefined {
  for (const object of objects) {
    const list = own(object, key);
    if (Array.isArray(list)) return list;
  }
  return undefined;
}
