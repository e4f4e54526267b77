import type { RouteConfig } from '../../config/routes.ts';
import { isObject, own } from '../../lib/json-object.ts';
import { escapePointer } from '../../lib/json-pointer.ts';
import { type ApiDocument, follow } from '../../validate/openapi/read-document.ts';
import type { DocumentCopy } from './components.ts';
import { headerRefs, type Json, LIMIT_HEADERS, PROBLEMS } from './gateway-parts.ts';
import { type PublicPath, pathOfPrefix, publicPathOf } from './public-path.ts';

/** One operation of a public document. */
export interface PublicOperation {
  readonly path: string;
  /** In small letters, as a path item has it. */
  readonly method: string;
  readonly value: Json;
}

/** What stands on every operation of a route, whoever describes it. */
export interface RouteParts {
  /** Undefined where the route has no name, or one that is not shown. */
  readonly tag: string | undefined;
  /** Undefined where a public document has no words for it. */
  readonly security: readonly Json[] | undefined;
  /** The statuses of the gateway's own answers. */
  readonly problems: readonly string[];
  readonly isLimited: boolean;
  readonly isDeprecated: boolean;
  /** Addresses of the hosts that the route is for alone. */
  readonly servers: readonly Json[] | undefined;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const ANY_METHOD = ['get', 'post', 'put', 'patch', 'delete'];
const UPLOADING = ['post', 'put', 'patch'];

/** What is known of a route without a document: its prefix, for each of its methods. */
export function plainOperations(route: RouteConfig, parts: RouteParts): PublicOperation[] {
  const methods = route.methods?.map((method) => method.toLowerCase()) ?? ANY_METHOD;
  return route.prefix.flatMap((prefix) => {
    const { path, params } = pathOfPrefix(prefix);
    return methods
      .filter((method) => METHODS.includes(method))
      .map((method) => ({ path, method, value: plainOperation(route, method, params, parts) }));
  });
}

function plainOperation(route: RouteConfig, method: string, params: readonly string[], parts: RouteParts): Json {
  const answer: Json = {
    description: 'The answer of the service.',
    ...(parts.isLimited && { headers: headerRefs(LIMIT_HEADERS) }),
  };
  return {
    ...(parts.tag !== undefined && { tags: [parts.tag] }),
    ...(!route.exact && { description: 'Covers every path below this one, too.', 'x-covers-paths-below': true }),
    ...(params.length > 0 && { parameters: params.map(pathParameter) }),
    ...(UPLOADING.includes(method) && { requestBody: { content: { '*/*': {} } } }),
    ...gatewaySides(method, parts, { default: answer }),
  };
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}

/** The keys of an operation that are the gateway's; an answer that the service describes itself stands. */
function gatewaySides(method: string, parts: RouteParts, answers: Json): Json {
  const { security, problems, servers, isDeprecated } = parts;
  const own = problems.filter((status) => status !== '413' || UPLOADING.includes(method));
  const refs = own.map((status) => [status, { $ref: `#/components/responses/${PROBLEMS[status]?.name}` }]);
  return {
    ...(isDeprecated && { deprecated: true }),
    ...(security !== undefined && { security }),
    ...(servers !== undefined && { servers }),
    responses: { ...Object.fromEntries(refs), ...answers },
  };
}

export interface Described {
  /** Of the file. */
  readonly path: string;
  readonly document: ApiDocument;
  readonly copy: DocumentCopy;
  /** What the document leaves out of the paths that the gateway sees. */
  readonly base: string;
  /** True where the document has the paths of clients, and not those of the service. */
  readonly isPublic: boolean;
  /** Whether what it marks as internal is told. */
  readonly withInternal: boolean;
}

/** What a document says of the paths that come through a route. */
export function describedOperations(route: RouteConfig, parts: RouteParts, described: Described): PublicOperation[] {
  const paths = own(described.document.root, 'paths');
  if (!isObject(paths)) return [];
  return Object.entries(paths).flatMap(([written, ref]) => {
    if (!written.startsWith('/')) return [];
    const item = follow(described.document, ref, `/paths/${escapePointer(written)}`).value;
    if (!isObject(item)) return [];
    const places = placesOf(route, described.base + written, described.isPublic);
    return places.flatMap((place) =>
      METHODS.flatMap((method) => describedOperation(route, parts, described, item, method, place)),
    );
  });
}

function placesOf(route: RouteConfig, path: string, isPublic: boolean): PublicPath[] {
  const asSeen = isPublic ? { ...route, stripPrefix: false, rewritePrefix: undefined, pathRewrite: undefined } : route;
  return route.prefix.flatMap((prefix) => publicPathOf(asSeen, prefix, path) ?? []);
}

/** What a document says of an operation to those who call it; the rest is the service's own business. */
const TOLD = ['tags', 'summary', 'description', 'operationId', 'deprecated', 'parameters', 'requestBody', 'responses'];

function describedOperation(
  route: RouteConfig,
  parts: RouteParts,
  { copy, withInternal }: Described,
  item: Readonly<Record<string, unknown>>,
  method: string,
  { path, params }: PublicPath,
): PublicOperation[] {
  const operation = own(item, method);
  if (!isObject(operation) || !takesMethod(route, method)) return [];
  if (!withInternal && (own(operation, 'x-internal') === true || own(item, 'x-internal') === true)) return [];
  const told = TOLD.flatMap((key) => (Object.hasOwn(operation, key) ? [[key, operation[key]]] : []));
  const copied = copy.copy(Object.fromEntries(told)) as Json;
  const ofPath = own(item, 'parameters');
  const parameters = [
    ...params.map(pathParameter),
    ...joinParameters(Array.isArray(ofPath) ? copy.copyParameters(ofPath) : [], copied['parameters']),
  ];
  const answers = (copied['responses'] ?? {}) as Json;
  const value = { ...copied, ...(parameters.length > 0 && { parameters }), ...gatewaySides(method, parts, answers) };
  return [{ path, method, value }];
}

/** The parameters of a path, but for those that an operation says anew. */
function joinParameters(ofPath: unknown, ofOperation: unknown): unknown[] {
  const own = Array.isArray(ofOperation) ? ofOperation : [];
  const keyOf = (one: unknown): string => (isObject(one) ? JSON.stringify([one['$ref'], one['in'], one['name']]) : '');
  const said = new Set(own.map(keyOf));
  return [...(Array.isArray(ofPath) ? ofPath.filter((one) => !said.has(keyOf(one))) : []), ...own];
}

function takesMethod({ methods }: RouteConfig, method: string): boolean {
  if (methods === undefined) return true;
  return methods.includes(method.toUpperCase()) || (method === 'head' && methods.includes('GET'));
}
