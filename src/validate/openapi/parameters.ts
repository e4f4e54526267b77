import { isObject, type JsonObject, own } from '../../lib/json-object.ts';
import { escapePointer } from '../../lib/json-pointer.ts';
import { type Kind, type Kinds, kindOf } from '../coerce.ts';
import { DocumentFault } from '../document-fault.ts';
import { type ApiDocument, follow } from './read-document.ts';
import type { SchemaSet } from './schema-set.ts';

export const PLACES = ['path', 'query', 'header', 'cookie'] as const;
export type Place = (typeof PLACES)[number];

/** The parameters of an operation in one place, to be read and checked as one object. */
export interface Parameters {
  readonly kinds: Kinds;
  /** Pointer to the schema of the object in the set. */
  readonly schema: string;
  /** How a list is written in one text, by name: split there, or not at all. */
  readonly separators: ReadonlyMap<string, string | undefined>;
}

interface Parameter {
  readonly name: string;
  readonly place: Place;
  readonly isRequired: boolean;
  readonly value: JsonObject;
  readonly pointer: string;
}

/** Fields that a document says nothing of by parameters (OpenAPI 3.1, section 4.8.12.2.1). */
const NOT_PARAMETERS = new Set(['accept', 'content-type', 'authorization']);

const TEXTS: Kind = { types: new Set(['string']) };

/** What is left out where a document may say what can't be checked; undefined to refuse such a document. */
export type LeaveOut = ((fault: DocumentFault) => void) | undefined;

/**
 * Reads the parameters of an operation and of its path, of which those of the operation count. Throws `DocumentFault`
 * for what is none, and for styles that are not read here: `deepObject`, `label`, `matrix`, and objects of any style.
 */
export function readParameters(
  document: ApiDocument,
  lists: readonly (readonly [unknown, string])[],
  set: SchemaSet,
  leaveOut: LeaveOut,
): ReadonlyMap<Place, Parameters> {
  const byKey = new Map<string, Parameter>();
  for (const [list, pointer] of lists) {
    if (list === undefined) continue;
    if (!Array.isArray(list)) throw new DocumentFault(pointer, 'expected a list of parameters');
    const names = new Map<string, string>();
    list.forEach((item, index) => {
      const parameter = readParameter(document, item, `${pointer}/${index}`);
      const { name, place } = parameter;
      const key = `${place} ${place === 'header' ? name.toLowerCase() : name}`;
      const twin = names.get(key) ?? name;
      if (twin !== name) throw new DocumentFault(`${pointer}/${index}`, `"${twin}" and "${name}" are one header field`);
      names.set(key, name);
      byKey.set(key, parameter);
    });
  }
  const found = new Map<Place, Parameters>();
  for (const place of PLACES) {
    const here = [...byKey.values()].filter((one) => one.place === place && isParameter(one));
    if (here.length > 0) found.set(place, gather(document, here, set, leaveOut));
  }
  return found;
}

function isParameter({ name, place }: Parameter): boolean {
  return place !== 'header' || !NOT_PARAMETERS.has(name.toLowerCase());
}

function readParameter(document: ApiDocument, item: unknown, at: string): Parameter {
  const { value, pointer } = follow(document, item, at);
  if (!isObject(value)) throw new DocumentFault(pointer, 'expected a parameter: an object');
  const name = own(value, 'name');
  const place = own(value, 'in');
  if (typeof name !== 'string') throw new DocumentFault(pointer, '"name" is missing');
  if (!PLACES.includes(place as Place))
    throw new DocumentFault(`${pointer}/in`, `expected one of ${PLACES.join(', ')}`);
  return { name, place: place as Place, isRequired: own(value, 'required') === true, value, pointer };
}

function gather(
  document: ApiDocument,
  parameters: readonly Parameter[],
  set: SchemaSet,
  leaveOut: LeaveOut,
): Parameters {
  const properties: Record<string, unknown> = {};
  const byName = new Map<string, Kind>();
  const separators = new Map<string, string | undefined>();
  for (const parameter of parameters) {
    const { name, value, pointer } = parameter;
    try {
      const kind = kindOf(own(value, 'schema'), document.root);
      separators.set(name, separatorOf(parameter, kind));
      byName.set(name, kind);
      properties[name] = { $ref: set.add(own(value, 'schema'), `${pointer}/schema`) };
    } catch (error) {
      if (!(error instanceof DocumentFault) || leaveOut === undefined) throw error;
      leaveOut(error);
    }
  }
  const required = parameters.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  const schema = set.addMade({ type: 'object', properties, required });
  return { kinds: { byName, others: TEXTS, allowsOthers: true }, schema, separators };
}

const DEFAULT_STYLES: Readonly<Record<Place, string>> = {
  path: 'simple',
  query: 'form',
  header: 'simple',
  cookie: 'form',
};

/** What stands between the items of a list that is one text, by style. */
const SEPARATORS: Readonly<Record<string, string>> = {
  simple: ',',
  form: ',',
  spaceDelimited: ' ',
  pipeDelimited: '|',
};

/** What separates the items of a list in one text; undefined where each has its own. Throws for what is not read here. */
function separatorOf(parameter: Parameter, kind: Kind): string | undefined {
  const { place, value } = parameter;
  const style = String(own(value, 'style') ?? DEFAULT_STYLES[place]);
  const fault = findUncheckable(parameter, kind, style);
  if (fault !== undefined) throw fault;
  const isExploded = own(value, 'explode') ?? style === 'form';
  return style !== 'simple' && isExploded === true ? undefined : SEPARATORS[style];
}

function findUncheckable(
  { name, place, value, pointer }: Parameter,
  { types }: Kind,
  style: string,
): DocumentFault | undefined {
  const faultAt = (at: string, message: string) =>
    new DocumentFault(pointer + at, `parameter "${name}": ${message}`, undefined, { hint: HINT });
  if (own(value, 'schema') === undefined) {
    return faultAt('', own(value, 'content') === undefined ? '"schema" is missing' : '"content" is not read here');
  }
  const isDelimited = place === 'query' && (style === 'spaceDelimited' || style === 'pipeDelimited');
  if (style !== DEFAULT_STYLES[place] && !isDelimited)
    return faultAt('/style', `the style "${style}" is not read here`);
  return types.has('object') && types.size === 1 ? faultAt('/schema', 'objects are not read here') : undefined;
}

const HINT = 'Say "ignoreUncheckable": true to let it pass unchecked.';

/** Where a parameter of a path is written that its template does not have, or the other way round. */
export function findPathFault(path: string, names: Iterable<string>): DocumentFault | undefined {
  const inPath = new Set([...path.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name));
  for (const name of names) {
    if (!inPath.has(name))
      return new DocumentFault(
        `/paths/${escapePointer(path)}`,
        `the path has no "{${name}}", and a parameter of it has`,
      );
  }
  return undefined;
}
