import { ConfigError } from '../../config/config-error.ts';
import type { FileConfig, RouteConfig } from '../../config/routes.ts';
import { isObject, own } from '../../lib/json-object.ts';
import type { AttachedDocument } from '../../stage.ts';
import { DocumentFault } from '../../validate/document-fault.ts';
import { type ApiDocument, readApiDocument } from '../../validate/openapi/read-document.ts';
import { type Components, DocumentCopy } from './components.ts';
import type { Described } from './operations.ts';

interface OpenapiKey {
  readonly document: string;
  readonly paths?: string;
  readonly basePath?: string;
}

type DescribedRoute = {
  readonly openapi?: OpenapiKey;
  readonly documents?: ReadonlyMap<string, AttachedDocument>;
};

/** Makes what finds the document that a route is checked by, if it is; each is read and copied once. */
export function createDescriptions(file: FileConfig, components: Components, withInternal: boolean) {
  const known = new Map<string, Pick<Described, 'document' | 'copy'>>();

  function read({ path, text }: AttachedDocument): Pick<Described, 'document' | 'copy'> {
    let found = known.get(path);
    if (found === undefined) {
      const document = toldOf(path, () => readApiDocument(text));
      found = { document, copy: new DocumentCopy(document, components, withInternal) };
      known.set(path, found);
    }
    return found;
  }

  return function describe(route: RouteConfig): Described | undefined {
    const { openapi, documents } = route as DescribedRoute;
    const attached = openapi === undefined ? undefined : documents?.get(openapi.document);
    if (openapi === undefined || attached === undefined) return undefined;
    const { document, copy } = read(attached);
    const base = openapi.basePath ?? baseOf(document, route, file);
    return { path: attached.path, document, copy, base, isPublic: openapi.paths === 'public', withInternal };
  };
}

/** Does something with a document; what is wrong in it is told as a fault of its file. */
export function toldOf<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DocumentFault)) throw error;
    const { pointer: path, message, hint, place } = error;
    const { line, column } = place ?? { line: 0, column: 0 };
    throw new ConfigError([{ file, line, column, path, message, ...(hint !== undefined && { hint }) }]);
  }
}

/** What the service has before the paths of its document, unless the address of its target has that already. */
function baseOf({ root }: ApiDocument, route: RouteConfig, { services }: FileConfig): string {
  const servers = own(root, 'servers');
  const [first] = Array.isArray(servers) ? servers : [];
  const url = isObject(first) ? own(first, 'url') : undefined;
  if (typeof url !== 'string' || !URL.canParse(url, 'http://x')) return '';
  const base = new URL(url, 'http://x').pathname.replace(/\/+$/, '');
  const service = route.service === undefined ? undefined : services[route.service];
  const target = route.target ?? route.targets?.[0]?.url ?? service?.targets?.[0]?.url;
  return target === undefined || new URL(target).pathname.replace(/\/+$/, '') === base ? '' : base;
}
