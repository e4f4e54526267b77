import { isObject, type JsonObject } from '../lib/json-object.ts';
import { escapePointer } from '../lib/json-pointer.ts';
import { findNearest } from '../nearest-word.ts';
import { DocumentFault } from './document-fault.ts';
import { type Fault, formatNames, PatternFault } from './engine.ts';

/** More of them nobody reads at once. */
const MAX_FAULTS = 20;

const KEYWORDS =
  'additionalProperties allOf anyOf const contains default dependentRequired dependentSchemas deprecated description else enum examples exclusiveMaximum exclusiveMinimum format if items maxContains maxItems maxLength maxProperties maximum minContains minItems minLength minProperties minimum multipleOf not oneOf pattern patternProperties prefixItems properties propertyNames readOnly required then title type unevaluatedItems unevaluatedProperties uniqueItems writeOnly'.split(
    ' ',
  );

/** What the schema of schemas finds, in a few words each and at its place. */
export function explainSchemaFaults(faults: readonly Fault[]): DocumentFault[] {
  const told = new Map<string, DocumentFault>();
  for (const { instancePath, message, params } of faults) {
    const allowed = Array.isArray(params['allowedValues']) ? `: ${params['allowedValues'].join(', ')}` : '';
    // The first one at a place is the nearest to what is wrong; the others say why it is none of several.
    if (!told.has(instancePath)) told.set(instancePath, new DocumentFault(instancePath, `${message}${allowed}`));
  }
  const places = [...told.keys()];
  // Of a faulty part the whole is faulty too.
  const deepest = places.filter((place) => !places.some((other) => other.startsWith(`${place}/`)));
  return deepest.slice(0, MAX_FAULTS).map((place) => told.get(place) as DocumentFault);
}

/** What Ajv throws while it compiles, which seldom says where. */
export function faultOfCompiling(error: unknown, root: JsonObject): DocumentFault {
  if (error instanceof PatternFault) return faultOfPattern(error, root);
  if (error instanceof RangeError) return faultOfDepth(error);
  const { message, missingRef } = error as Error & { missingRef?: string };
  if (missingRef !== undefined) return faultOfReference(missingRef, root, error);
  if (message === 'enum must have non-empty array') return faultOfEnum(root, error);
  const [, keyword] = /unknown keyword: "(.+)"/.exec(message) ?? [];
  if (keyword !== undefined) return faultOfKeyword(keyword, root, error);
  const [, format] = /^unknown format "(.+?)"/.exec(message) ?? [];
  if (format !== undefined) return faultOfFormat(format, root, error);
  return new DocumentFault('', message.replace(/^strict mode: /, ''), undefined, { cause: error });
}

function faultOfDepth(cause: RangeError): DocumentFault {
  return new DocumentFault('', 'schemas refer to each other in a circle, or are nested too deep', undefined, { cause });
}

function faultOfEnum(root: JsonObject, cause: unknown): DocumentFault {
  const isEmpty = (object: JsonObject) => Array.isArray(object['enum']) && object['enum'].length === 0;
  return new DocumentFault(`${findWhere(root, isEmpty) ?? ''}/enum`, 'expected a value at least', undefined, { cause });
}

function faultOfKeyword(keyword: string, root: JsonObject, error: unknown): DocumentFault {
  const place = findWhere(root, (object) => Object.hasOwn(object, keyword)) ?? '';
  const nearest = findNearest(keyword, KEYWORDS);
  const hint = nearest === undefined ? 'Leave it out, or say "strict": false.' : `did you mean "${nearest}"?`;
  return new DocumentFault(`${place}/${escapePointer(keyword)}`, `unknown keyword "${keyword}"`, undefined, {
    hint,
    cause: error,
  });
}

function faultOfFormat(format: string, root: JsonObject, error: unknown): DocumentFault {
  const place = findWhere(root, (object) => object['format'] === format) ?? '';
  const nearest = findNearest(format, formatNames());
  const hint = nearest === undefined ? `Known are: ${formatNames().join(', ')}.` : `did you mean "${nearest}"?`;
  return new DocumentFault(`${place}/format`, `unknown format "${format}"`, undefined, { hint, cause: error });
}

function faultOfPattern({ source, message, cause }: PatternFault, root: JsonObject): DocumentFault {
  const value = findWhere(root, (object) => object['pattern'] === source);
  const extras = { cause };
  if (value !== undefined) return new DocumentFault(`${value}/pattern`, message, undefined, extras);
  const has = (object: JsonObject) =>
    isObject(object['patternProperties']) && Object.hasOwn(object['patternProperties'], source);
  const key = findWhere(root, has);
  const place = key === undefined ? '' : `${key}/patternProperties/${escapePointer(source)}`;
  return new DocumentFault(place, message, undefined, extras);
}

function faultOfReference(missing: string, root: JsonObject, cause: unknown): DocumentFault {
  const isIt = ({ $ref: ref }: JsonObject) =>
    typeof ref === 'string' && (ref === missing || missing.endsWith(ref.replace(/^(?:\.\.?\/)+/, '')));
  const place = findWhere(root, isIt);
  const ref = missing.replace(/^turnpike:schema/, '');
  return new DocumentFault(place === undefined ? '' : `${place}/$ref`, `"$ref" leads to nothing: "${ref}"`, undefined, {
    cause,
    hint: 'References lead to another place of the schema, or from a schema file to one beside it; nothing is loaded over the network.',
  });
}

/** The place of the first object that is like this. */
function findWhere(root: unknown, isIt: (object: JsonObject) => boolean): string | undefined {
  const queue: [unknown, string][] = [[root, '']];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [value, pointer] = next;
    if (typeof value !== 'object' || value === null) continue;
    if (isObject(value) && isIt(value)) return pointer;
    for (const [key, child] of Object.entries(value)) queue.push([child, `${pointer}/${escapePointer(key)}`]);
  }
  return undefined;
}
