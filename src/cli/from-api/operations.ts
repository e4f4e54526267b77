import { escapePointer } from '../../lib/json-pointer.ts';
import { type ApiDocument, follow, isObject, own } from '../../validate/openapi/read-document.ts';

/** What an OpenAPI document says of one method at one path, of all that a route is made from. */
export interface Operation {
  /** As the document writes it: `/users/{id}`. */
  readonly path: string;
  /** In capitals. */
  readonly method: string;
  /** Where it is served; empty where the document says nothing. */
  readonly servers: readonly unknown[];
  /** Who may call; undefined where the document says nothing. */
  readonly security: readonly unknown[] | undefined;
}

// TRACE is never let through.
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

/** All operations of a document, in its order. Throws `DocumentFault` for references that lead nowhere. */
export function listOperations(document: ApiDocument): Operation[] {
  const { root } = document;
  const paths = own(root, 'paths');
  if (!isObject(paths)) return [];
  const found: Operation[] = [];
  for (const [path, written] of Object.entries(paths)) {
    if (path.startsWith('x-')) continue;
    const item = follow(document, written, `/paths/${escapePointer(path)}`).value;
    if (!isObject(item)) continue;
    for (const method of METHODS) {
      const operation = own(item, method);
      if (!isObject(operation)) continue;
      found.push({
        path,
        method: method.toUpperCase(),
        servers: listAt('servers', operation, item, root) ?? [],
        security: listAt('security', operation, root),
      });
    }
  }
  return found;
}

/** The list at a key of the first of these objects that has one. */
function listAt(key: string, ...objects: readonly Readonly<Record<string, unknown>>[]): readonly unknown[] | undefined {
  for (const object of objects) {
    const list = own(object, key);
    if (Array.isArray(list)) return list;
  }
  return undefined;
}
