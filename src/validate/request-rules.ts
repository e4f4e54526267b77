import { bodyOf } from '../body/body-of.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError, type ProblemEntry } from '../errors.ts';
import { mediaTypeOf } from '../lib/media-type.ts';
import type { DocumentsKey } from '../stage.ts';
import { contentTypeOf, hasContent, invalidRequest, isReadable, readBodyValue } from './body-value.ts';
import { type Kinds, kindsOf } from './coerce.ts';
import type { Check } from './engine.ts';
import { type FieldValues, readFieldValues, splitAtCommas, splitHeader } from './field-values.ts';
import { createHeaderReader } from './header-values.ts';
import { findOtherReadings } from './other-readings.ts';
import { describeFaults, type Hide, MAX_ENTRIES } from './problem-entries.ts';
import { compileSchema } from './schema.ts';
import { parseUrlEncoded, UnreadableFields } from './url-encoded.ts';
import { type Part, sourceOf, type ValidateOption } from './validate-option.ts';

/** Checks requests of one route. */
export interface RequestRules {
  /** Faults of what came with the head: query and header fields. */
  checkHead(context: RequestContext): readonly ProblemEntry[];
  /** Whether the body is to be looked at too, or that there is none. */
  concernsBody(context: RequestContext): boolean;
  /** Faults of the body. Rejects with a GatewayError for what can't be read, or is of another type. */
  checkBody(context: RequestContext): Promise<readonly ProblemEntry[]>;
}

/** Methods whose request is about its body (RFC 9110, section 9.3; RFC 5789; QUERY, which is a draft yet). */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'QUERY']);

interface PartRules {
  readonly kinds: Kinds;
  readonly root: Readonly<Record<string, unknown>>;
  readonly check: Check;
}

export function createRequestRules(option: ValidateOption, documents: DocumentsKey, hide: Hide): RequestRules {
  const partOf = (part: Part): PartRules | undefined => {
    const found = sourceOf(option, part, documents);
    if (found === undefined) return undefined;
    const { root, check } = compileSchema(found.source, option.strict);
    return { root, check, kinds: kindsOf(root, root) };
  };
  const [query, headers, body] = [partOf('query'), partOf('headers'), partOf('body')];
  const readHeaders = headers === undefined ? undefined : createHeaderReader(headers.kinds, headers.root);
  const isAccepted = createTypeTest(option);

  return {
    checkHead(context) {
      const faults: ProblemEntry[] = [];
      if (query !== undefined) faults.push(...checkQuery(context, query, hide));
      if (headers !== undefined && readHeaders !== undefined)
        faults.push(...checkFields(readHeaders(context.req, splitHeader), headers.check, 'headers', hide));
      return faults.slice(0, MAX_ENTRIES);
    },
    concernsBody(context) {
      if (body === undefined && option.contentTypes === undefined) return false;
      return bodyOf(context) !== undefined || (body !== undefined && isRequired(option, context.method));
    },
    async checkBody(context) {
      if (!(await hasContent(context))) {
        const isMissing = body !== undefined && isRequired(option, context.method);
        return isMissing ? [{ in: 'body', pointer: '', detail: 'is missing' }] : [];
      }
      const type = contentTypeOf(context);
      if (!isAccepted(type)) throw unsupported(type);
      if (body === undefined) return [];
      const { value, faults } = await readBodyValue(context, type, body.kinds);
      return [...faults, ...describeFaults(body.check(value), 'body', hide)].slice(0, MAX_ENTRIES);
    },
  };
}

function isRequired({ required }: ValidateOption, method: string): boolean {
  return required && WITH_BODY.has(method);
}

function unsupported(contentType: string): GatewayError {
  const type = mediaTypeOf(contentType).slice(0, 100);
  return new GatewayError('unsupported_media_type', `This route takes no body of the type ${JSON.stringify(type)}.`);
}

function createTypeTest({ contentTypes }: ValidateOption): (type: string) => boolean {
  if (contentTypes === undefined) return isReadable;
  const patterns = contentTypes.map((type) => type.toLowerCase());
  return (type) => patterns.some((pattern) => fits(mediaTypeOf(type), pattern));
}

/** Whether a type is of this range: `image/*` for one (RFC 9110, section 12.5.1), or `application/*+json`. */
export function fits(type: string, range: string): boolean {
  const star = range.indexOf('*');
  if (star < 0) return type === range;
  const [before, after] = [range.slice(0, star), range.slice(star + 1)];
  return type.length > before.length + after.length && type.startsWith(before) && type.endsWith(after);
}

function checkQuery(context: RequestContext, { check, kinds }: PartRules, hide: Hide): readonly ProblemEntry[] {
  try {
    const text = context.query.slice(1);
    const values = readFieldValues(parseUrlEncoded(text), kinds, 'query', splitAtCommas);
    return [...findOtherReadings(text, kinds.byName, 'query'), ...checkFields(values, check, 'query', hide)];
  } catch (error) {
    if (!(error instanceof UnreadableFields)) throw error;
    return [{ in: 'query', pointer: '', detail: error.message }];
  }
}

function checkFields(
  { value, faults }: FieldValues,
  check: Check,
  place: 'query' | 'headers',
  hide: Hide,
): ProblemEntry[] {
  return [...faults, ...describeFaults(check(value), place, hide)];
}

/** The refusal of these faults; undefined where there are none. */
export function refusalOf(faults: readonly ProblemEntry[]): GatewayError | undefined {
  return faults.length === 0 ? undefined : invalidRequest(faults);
}
