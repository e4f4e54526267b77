import type { LoadedRoutes } from '../../config/load-with.ts';
import { nameOfRoute } from '../../config/route-name.ts';
import type { FileConfig, RouteConfig } from '../../config/routes.ts';
import type { Hide } from '../../lib/hidden-values.ts';
import { isObject } from '../../lib/json-object.ts';
import { Components } from './components.ts';
import { createDescriptions, toldOf } from './descriptions.ts';
import { gatewayComponents, type Json } from './gateway-parts.ts';
import { describedOperations, type PublicOperation, plainOperations } from './operations.ts';
import { shapeOfPath } from './public-path.ts';
import { partsOf } from './route-parts.ts';

export interface PublicOptions {
  readonly title: string;
  readonly version: string;
  /** Where clients find the gateway. */
  readonly server: string | undefined;
  /** Whether routes for the inside alone are told, and what documents mark with `x-internal`. */
  readonly all: boolean;
}

/** A document of all that clients may ask for, and what is left out of it. */
export interface PublicDocument {
  readonly document: Json;
  readonly notes: readonly string[];
}

/** Makes one OpenAPI 3.1 document of all routes: from the documents that they name, else from their prefixes. */
export function makePublicDocument(loaded: LoadedRoutes<FileConfig>, options: PublicOptions): PublicDocument {
  const notes: string[] = [];
  const schemes = new Map<string, Json>();
  const { hide } = loaded.hidden;
  const components = new Components(hide);
  // Before any document's: their names are the same in every document that is made.
  claimAll(components, gatewayComponents());
  const describe = createDescriptions(loaded.config, components, options.all);
  const paths = new PublicPaths(notes, hide);
  for (const route of inOrder(loaded, options, notes)) {
    const parts = partsOf(route, loaded, schemes);
    const described = describe(route);
    const operations =
      described === undefined
        ? plainOperations(route, parts)
        : toldOf(described.path, () => describedOperations(route, parts, described));
    if (operations.length === 0) notes.push(`${nameOfRoute(route)}: left out, since nothing is described of it`);
    for (const operation of operations) paths.add(operation, nameOfRoute(route));
  }
  const document = assemble(paths.items, components, schemes, options);
  return { document: loaded.hidden.hidesAny ? (masked(document, hide) as Json) : document, notes };
}

/** Words of OpenAPI itself, and names that were masked when they were made. */
const PLAIN = new Set(['$ref', 'type', 'in', 'scheme', 'openapi']);

/** The same without the secrets of the file, wherever a text of it or of a document may hold one. */
function masked(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value)) return value.map((each) => masked(each, hide));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      PLAIN.has(key) && typeof each === 'string' ? each : masked(each, hide),
    ]),
  );
}

function claimAll(components: Components, kinds: Readonly<Record<string, Json>>): void {
  for (const [kind, names] of Object.entries(kinds))
    for (const name of Object.keys(names)) components.claim(kind, name);
}

/** The routes that are told, those that are asked first in front. */
function inOrder({ config, hidden }: LoadedRoutes<FileConfig>, { all }: PublicOptions, notes: string[]): RouteConfig[] {
  const told = config.routes.filter((route) => {
    if (route.prefix.some((prefix) => hidden.hide(prefix) !== prefix)) return false;
    if (all || (route.ipAllow === undefined && route.files === undefined)) return true;
    notes.push(
      `${nameOfRoute(route)}: left out, ${route.files === undefined ? 'for some addresses alone' : 'a page'} (--all has it)`,
    );
    return false;
  });
  const depth = ({ prefix, exact }: RouteConfig) =>
    Math.max(...prefix.map((one) => one.split('/').length)) + (exact ? 0.5 : 0);
  return told.toSorted((a, b) => depth(b) - depth(a));
}

/** The paths of a document: each method at each of them once. */
class PublicPaths {
  readonly items: Json = {};
  readonly #notes: string[];
  readonly #hide: Hide;
  readonly #paths = new Map<string, string>();
  readonly #operationIds = new Set<string>();

  constructor(notes: string[], hide: Hide) {
    this.#notes = notes;
    this.#hide = hide;
  }

  add({ path, method, value }: PublicOperation, route: string): void {
    if (this.#hide(path) !== path) {
      this.#notes.push(`${route}: left out, ${method.toUpperCase()} ${this.#hide(path)} has a secret of the file`);
      return;
    }
    const shape = shapeOfPath(path);
    const known = this.#paths.get(shape) ?? path;
    this.#paths.set(shape, known);
    const item = (this.items[known] ?? {}) as Json;
    if (item[method] !== undefined || known !== path) {
      // One route beside another for other hosts or header fields; the first that is asked is told.
      this.#notes.push(`${route}: left out, ${method.toUpperCase()} ${path} is described already`);
      return;
    }
    item[method] = this.#withOwnId(value);
    this.items[known] = item;
  }

  #withOwnId(value: Json): Json {
    const { operationId } = value;
    if (typeof operationId !== 'string') return value;
    let id = operationId;
    for (let count = 2; this.#operationIds.has(id); count += 1) id = `${operationId}_${count}`;
    this.#operationIds.add(id);
    return { ...value, operationId: id };
  }
}

function assemble(
  paths: Json,
  components: Components,
  schemes: ReadonlyMap<string, Json>,
  { title, version, server }: PublicOptions,
): Json {
  for (const [kind, names] of Object.entries(gatewayComponents()))
    for (const [name, value] of Object.entries(names)) components.add(kind, name, value);
  const sorted = Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  const security = schemes.size === 0 ? {} : { securitySchemes: Object.fromEntries(schemes) };
  return {
    openapi: '3.1.1',
    info: { title, version },
    ...(server !== undefined && { servers: [{ url: server }] }),
    paths: sorted,
    components: { ...components.toJson(), ...security },
  };
}
