import { z } from 'zod';
import { own } from '../lib/json-object.ts';
import { pointerKeys } from '../lib/json-pointer.ts';
import { isJsonType, mediaTypeOf } from '../lib/media-type.ts';
import type { Steps } from '../lib/steps.ts';
import type { DocumentName, DocumentsKey, Report } from '../stage.ts';
import { FORM_TYPE } from './body-value.ts';
import { kindsOf, requiredOf } from './coerce.ts';
import type { DocumentFault } from './document-fault.ts';
import { type CompiledSchema, compileInSteps, InvalidSchema, type SchemaSource } from './schema.ts';

/** A path as it is found again in the text of the file, to be watched: see config/documents.ts. */
export const documentName = z.string().regex(/^\.{0,2}\/.+\.(?:json|ya?ml)$/, {
  error: 'expected a path such as "./schemas/order.json" (.json, .yaml or .yml), from the folder of this file',
});

const schemaOption = z.union([documentName, z.record(z.string(), z.unknown())], {
  error: 'expected a JSON Schema, or the path of one: "./schemas/order.json"',
});

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+*-]+$/;

export const validateOption = z.strictObject({
  body: schemaOption.optional().describe('JSON Schema of the body (JSON or a form), or the path of a file with one.'),
  query: schemaOption
    .optional()
    .describe('JSON Schema of the query, an object with a property for each parameter; texts are read as its types.'),
  headers: schemaOption
    .optional()
    .describe('JSON Schema of the header fields, an object with a property for each; case does not count.'),
  contentTypes: z
    .array(z.string().regex(MEDIA_TYPE, { error: 'expected a media type such as "application/json"' }))
    .min(1)
    .optional()
    .describe('Content-Types that a body may have (415 for others). Default with "body": JSON and forms.'),
  required: z
    .boolean()
    .default(true)
    .describe('Whether POST, PUT and PATCH must have a body where "body" says what it is.'),
  strict: z
    .boolean()
    .default(true)
    .describe('Whether the schemas may have keywords and formats alone that are known here; false ignores the others.'),
});

export type ValidateOption = z.output<typeof validateOption>;

/** The parts of a request that a schema can be given for. */
export const PARTS = ['body', 'query', 'headers'] as const;
export type Part = (typeof PARTS)[number];

/** The files that the schemas of a route lie in. */
export function documentsOfOption(option: ValidateOption | undefined): DocumentName[] {
  return PARTS.flatMap((part) => {
    const source = option?.[part];
    return typeof source === 'string' ? [{ path: ['validate', part], name: source }] : [];
  });
}

/** The schema of a part; undefined where there is none, or where its file could not be read, which was told. */
export function sourceOf(
  option: ValidateOption,
  part: Part,
  { documents }: DocumentsKey,
): { readonly source: SchemaSource; readonly file: string | undefined } | undefined {
  const written = option[part];
  if (typeof written !== 'string') return written === undefined ? undefined : { source: written, file: undefined };
  const document = documents?.get(written);
  return document === undefined ? undefined : { source: document, file: written };
}

/** Reports schemas that are none, and what they say that can't be meant. */
export function* checkSchemas(
  option: ValidateOption,
  documents: DocumentsKey,
  at: string[],
  report: Report,
): Steps<void> {
  for (const part of PARTS) {
    const found = sourceOf(option, part, documents);
    if (found === undefined) continue;
    for (const fault of yield* findFaults(found.source, part, option.strict))
      reportFault(fault, [...at, part], found.file, report);
  }
  checkTypes(option, at, report);
}

type FaultOfPart = Pick<DocumentFault, 'pointer' | 'message' | 'hint' | 'place'>;

function* findFaults(source: SchemaSource, part: Part, isStrict: boolean): Steps<readonly FaultOfPart[]> {
  try {
    return findOddities(yield* compileInSteps(source, isStrict), part);
  } catch (error) {
    if (error instanceof InvalidSchema) return error.faults;
    throw error;
  }
}

/** Where a schema stands in the file itself its fault has a place there; of another file the message says it. */
export function reportFault(
  { pointer, message, hint, place }: FaultOfPart,
  at: readonly string[],
  file: string | undefined,
  report: Report,
): void {
  if (file === undefined) {
    report([...at, ...pointerKeys(pointer)], message, hint);
    return;
  }
  const line = place === undefined ? '' : `:${place.line}:${place.column}`;
  report(at, `${file}${line}${pointer === '' ? '' : ` at ${pointer}`}: ${message}`, hint);
}

/** What is a schema, and yet of no use for this part. */
function findOddities({ root }: CompiledSchema, part: Part): FaultOfPart[] {
  if (part === 'body') return [];
  const { byName, allowsOthers } = kindsOf(root, root);
  const oddities: FaultOfPart[] = [];
  const place = undefined;
  for (const [name, { types }] of byName) {
    if (types.size !== 1 || !types.has('object')) continue;
    const message = 'is an object, and no text stands for one';
    oddities.push({
      pointer: `/properties/${name}`,
      message,
      hint: 'Say what each parameter is by its own name.',
      place,
    });
  }
  if (part === 'headers' && !allowsOthers) {
    const message = 'no request has these header fields alone';
    oddities.push({ pointer: '', message, hint: 'Leave out "additionalProperties": false.', place });
  }
  if (part === 'headers') oddities.push(...findTwins([...byName.keys(), ...requiredOf(root)]));
  const type = own(root, 'type');
  if (type !== undefined && ![type].flat().includes('object')) {
    const hint = '"type": "object", with a property for each name';
    oddities.push({ pointer: '/type', message: `"${part}" is an object`, hint, place });
  }
  return oddities;
}

/** Names of one and the same header field, of which one alone would be checked. */
function findTwins(names: readonly string[]): FaultOfPart[] {
  const written = new Map<string, string>();
  const twins: FaultOfPart[] = [];
  for (const name of names) {
    const first = written.get(name.toLowerCase());
    written.set(name.toLowerCase(), name);
    if (first === undefined || first === name) continue;
    const hint = 'Names of header fields have no case: write it in one way.';
    const message = `"${first}" and "${name}" are one header field`;
    twins.push({ pointer: '', message, hint, place: undefined });
  }
  return twins;
}

function checkTypes({ body, contentTypes = [] }: ValidateOption, at: string[], report: Report): void {
  if (body === undefined) return;
  contentTypes.forEach((type, index) => {
    if (isJsonType(type) || mediaTypeOf(type) === FORM_TYPE || type === 'application/*+json') return;
    const hint = `Known are JSON and ${FORM_TYPE}; leave out "body" to check the type alone.`;
    report([...at, 'contentTypes', String(index)], `a body of ${type} can't be checked by a schema`, hint);
  });
}
