import { bodyOf } from '../../body/body-of.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError, type ProblemEntry } from '../../errors.ts';
import { mediaTypeOf } from '../../lib/media-type.ts';
import { contentTypeOf, hasContent, isReadable, readBodyValue } from '../body-value.ts';
import { type FieldValues, readFieldValues, type Split } from '../field-values.ts';
import { createHeaderReader } from '../header-values.ts';
import { findOtherReadings } from '../other-readings.ts';
import { describeFaults, MAX_ENTRIES } from '../problem-entries.ts';
import { fits } from '../request-rules.ts';
import { type Fields, parseUrlEncoded, UnreadableFields } from '../url-encoded.ts';
import type { Api, Asked } from './api.ts';
import type { Media } from './operation.ts';
import type { Parameters, Place } from './parameters.ts';

const IN: Readonly<Record<Place, ProblemEntry['in'] & string>> = {
  path: 'path',
  query: 'query',
  header: 'headers',
  cookie: 'cookies',
};

/** Faults of the parameters of a request. */
export function checkParameters(api: Api, { operation, params }: Asked, context: RequestContext): ProblemEntry[] {
  const entries: ProblemEntry[] = [];
  for (const [place, parameters] of operation.parameters) {
    try {
      const { value, faults } = readParameters(place, parameters, params, context);
      const found = api.requestCheck(parameters.schema)(value);
      if (place === 'query')
        entries.push(...findOtherReadings(context.query.slice(1), parameters.kinds.byName, 'query'));
      entries.push(...faults, ...describeFaults(found, IN[place]));
    } catch (error) {
      if (!(error instanceof UnreadableFields)) throw error;
      entries.push({ in: IN[place], pointer: '', detail: error.message });
    }
  }
  return entries.slice(0, MAX_ENTRIES);
}

function readParameters(
  place: Place,
  { kinds, separators }: Parameters,
  params: ReadonlyMap<string, string>,
  context: RequestContext,
): FieldValues {
  const split: Split = (text, name) => {
    const separator = separators.get(name);
    if (separator === undefined) return [text];
    return text === '' ? [] : text.split(separator).map((item) => (place === 'header' ? item.trim() : item));
  };
  if (place === 'header') return createHeaderReader(kinds, {})(context.req, split);
  const only = (fields: Fields): Fields => new Map([...fields].filter(([name]) => kinds.byName.has(name)));
  return readFieldValues(only(fieldsOf(place, params, context)), kinds, IN[place], split);
}

function fieldsOf(place: Place, params: ReadonlyMap<string, string>, { req, query }: RequestContext): Fields {
  if (place === 'query') return parseUrlEncoded(query.slice(1));
  if (place === 'path') return new Map([...params].map(([name, value]) => [name, [value]]));
  return cookiesOf(req.headers.cookie);
}

/** True where a request has a body to be looked at, or has to have one. */
export function concernsBody({ operation: { body } }: Asked, context: RequestContext): boolean {
  return bodyOf(context) !== undefined || body?.isRequired === true;
}

/** Faults of the body of a request. Rejects with a GatewayError for a type that the operation does not take. */
export async function checkBody(api: Api, { operation }: Asked, context: RequestContext): Promise<ProblemEntry[]> {
  const { body } = operation;
  if (!(await hasContent(context))) {
    return body?.isRequired === true ? [{ in: 'body', pointer: '', detail: 'is missing' }] : [];
  }
  if (body === undefined) return [{ in: 'body', pointer: '', detail: 'is not known here' }];
  const type = contentTypeOf(context);
  const media = findMedia(body.media, type);
  if (media === undefined) {
    const known = body.media.map(({ range }) => range).join(', ');
    throw new GatewayError('unsupported_media_type', `This operation takes ${known === '' ? 'no type' : known}.`);
  }
  if (media.schema === undefined || media.kinds === undefined || !isReadable(type)) return [];
  const { value, faults } = await readBodyValue(context, type, media.kinds);
  const found = api.requestCheck(media.schema)(value);
  return [...faults, ...describeFaults(found, 'body')].slice(0, MAX_ENTRIES);
}

/** The first range that a type fits, of those that go from narrow to wide. */
export function findMedia(media: readonly Media[], contentType: string): Media | undefined {
  const type = mediaTypeOf(contentType);
  return media.find(({ range }) => fits(type, range) || (range === '*/*' && type !== ''));
}

/** The cookies of a Cookie header (RFC 6265, section 5.4), as sent. */
function cookiesOf(header: string | undefined): Fields {
  const fields = new Map<string, string[]>();
  for (const pair of (header ?? '').split(';')) {
    const mark = pair.indexOf('=');
    if (mark < 0) continue;
    const name = pair.slice(0, mark).trim();
    const value = pair.slice(mark + 1).trim();
    const known = fields.get(name);
    if (known === undefined) fields.set(name, [value]);
    else known.push(value);
  }
  return fields;
}
