import { isUtf8 } from 'node:buffer';
import { bodyOf } from '../body/body-of.ts';
import { jsonBodyOf, plainBodyOf } from '../body/json-body.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError, type ProblemEntry } from '../errors.ts';
import { capitalise } from '../lib/capitalise.ts';
import { distinctFields } from '../lib/distinct-fields.ts';
import { findDuplicateKey } from '../lib/duplicate-keys.ts';
import { isRawNumber } from '../lib/json-text.ts';
import { isJsonType, isReadAsUtf8, mediaTypeOf, parseMediaType } from '../lib/media-type.ts';
import type { Kinds } from './coerce.ts';
import { summarize } from './explain-refusal.ts';
import { readFieldValues } from './field-values.ts';
import { findOtherReadings } from './other-readings.ts';
import { parseUrlEncoded, UnreadableFields } from './url-encoded.ts';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The body of a request, to be checked by a schema. */
export interface BodyValue {
  readonly value: unknown;
  readonly faults: readonly ProblemEntry[];
}

/** True where a body of this type can be read as a value. */
export function isReadable(contentType: string | undefined): boolean {
  return isJsonType(contentType) || mediaTypeOf(contentType) === FORM_TYPE;
}

/** True where the request has a body, an empty one not counted. */
export async function hasContent(context: RequestContext): Promise<boolean> {
  if (bodyOf(context) === undefined) return false;
  return (await plainBodyOf(context)).length > 0;
}

/**
 * The type of a request's body, without parameters. Throws `unsupported_media_type` (415) where there is none, where there
 * are two or a list, of which a service may take the other one, and for charsets other than UTF-8, in which the bytes
 * would mean something else.
 */
export function contentTypeOf({ req }: RequestContext): string {
  const type = req.headers['content-type'];
  const count = distinctFields(req.rawHeaders).get('content-type')?.length ?? 0;
  if (type === undefined || count > 1) {
    throw new GatewayError('unsupported_media_type', `A body needs one Content-Type; this one has ${count}.`);
  }
  const parsed = parseMediaType(type);
  if (parsed === undefined) {
    throw new GatewayError(
      'unsupported_media_type',
      'The Content-Type is not one media type, written as RFC 9110 has it.',
    );
  }
  if (!isReadAsUtf8(parsed)) {
    throw new GatewayError('unsupported_media_type', 'The charset of a body that is checked must be UTF-8.');
  }
  return parsed.type;
}

/**
 * The value of a body of JSON or of a form. Rejects with `bad_body` (400) for what is none, and with `invalid_request`
 * for an object that has a key twice: what was checked would not be what the service reads.
 */
export async function readBodyValue(context: RequestContext, contentType: string, kinds: Kinds): Promise<BodyValue> {
  const bytes = await plainBodyOf(context);
  if (!isUtf8(bytes)) throw new GatewayError('bad_body', 'The body is not UTF-8.');
  return isJsonType(contentType) ? readJson(context, bytes) : readForm(bytes, kinds);
}

async function readJson(context: RequestContext, bytes: Buffer): Promise<BodyValue> {
  const value = await jsonBodyOf(context);
  const duplicate = findDuplicateKey(bytes.toString());
  if (duplicate !== undefined) {
    throw invalidRequest([{ in: 'body', pointer: duplicate.slice(0, 300), detail: 'must be written once' }]);
  }
  return { value: withDoubles(value), faults: [] };
}

function readForm(bytes: Buffer, kinds: Kinds): BodyValue {
  try {
    // A form says a list by repetition alone: a comma is a comma.
    const text = bytes.toString();
    const { value, faults } = readFieldValues(parseUrlEncoded(text), kinds, 'body', (one) => [one]);
    return { value, faults: [...faults, ...findOtherReadings(text, kinds.byName, 'body')] };
  } catch (error) {
    if (!(error instanceof UnreadableFields)) throw error;
    throw new GatewayError('bad_body', `The body ${error.message}.`, { cause: error });
  }
}

/** The refusal of a request that is not what the route takes. */
export function invalidRequest(errors: readonly ProblemEntry[]): GatewayError {
  return new GatewayError('invalid_request', undefined, { errors, detailForLog: `${capitalise(summarize(errors))}.` });
}

/** Numbers that were kept as they were written are numbers: what a double makes of them. The value itself stays. */
export function withDoubles(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isRawNumber(value)) return Number(value.rawJSON);
  if (Array.isArray(value)) return mapped(value);
  const object = value as Readonly<Record<string, unknown>>;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    const before = object[key];
    const after = withDoubles(before);
    if (after === before) continue;
    copy ??= { ...object };
    // Not by assignment: the key may be `__proto__`.
    Object.defineProperty(copy, key, { value: after, enumerable: true });
  }
  return copy ?? value;
}

function mapped(list: readonly unknown[]): unknown {
  const copy = list.map(withDoubles);
  return copy.every((item, index) => item === list[index]) ? list : copy;
}
