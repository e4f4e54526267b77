import { z } from 'zod';
import type { RequestContext } from '../context.ts';
import { size } from '../schema-values.ts';
import type { AnswerFields } from '../sink.ts';
import type { Expression } from '../values/expression.ts';
import { ResponseFacts, type Sights } from '../values/facts.ts';
import { condition } from '../values/options.ts';
import { bodyKeys, checkBodyKeys, createBodyEdits } from './body-options.ts';
import { createHeaderEdits, type HeaderEdits, headerEditsOption } from './header-edits.ts';
import { findResponseNameFault } from './header-names.ts';
import { jsonEditsOption } from './json-edits.ts';
import { type BodyEdits, type BodyForm, formOf, refusesForm, touches, wantsJson } from './message-body.ts';
import { findTypeFault } from './message-type.ts';
import { type PublicUrlsOptions, publicUrlsOption } from './public-urls.ts';

/** One object of the key `response`. */
export const responseEditOption = z
  .strictObject({
    when: condition('response')
      .optional()
      .describe('Expression that must hold for these edits to be done: `response.status < 300`.'),
    headers: headerEditsOption('response', findResponseNameFault)
      .optional()
      .describe('Header fields of the answer as the client sees them: remove, rename, set, add, in this order.'),
    json: jsonEditsOption('response')
      .optional()
      .describe('An answer of JSON as the client sees it: pick, omit, rename, set, add, wrap, in this order.'),
    ...bodyKeys,
    urls: z
      .union([z.literal(true).transform((): PublicUrlsOptions => ({ from: [] })), publicUrlsOption])
      .optional()
      .describe("Turns the service's own URLs in JSON, HTML and other text into the gateway's."),
    bodyLimit: size({ max: '1gb' })
      .optional()
      .describe(
        'Largest answer whose body is edited, before and after its coding is undone (502 above). Default 10mb.',
      ),
  })
  .superRefine(checkBodyKeys);

export type ResponseEditOptions = z.output<typeof responseEditOption>;

/** One object of the key `response`, compiled. */
export interface ResponseEdit {
  readonly when: Expression | undefined;
  readonly headers: HeaderEdits | undefined;
  readonly body: BodyEdits | undefined;
  readonly urls: PublicUrlsOptions | undefined;
  readonly maxBytes: number | undefined;
  /** Whether its condition, or the value of a field, looks at the body. */
  readonly looksAtBody: boolean;
}

/** The key `response` of a route, compiled. */
export interface ResponseEdits {
  readonly list: readonly ResponseEdit[];
  /** Whether one of them may want the body of an answer, so that the service is not to send parts of it. */
  readonly mayWantBody: boolean;
}

/** Compiles the edits of a route; undefined where there are none. */
export function createResponseEdits(options: readonly ResponseEditOptions[]): ResponseEdits | undefined {
  const list = options.flatMap((option) => compile(option) ?? []);
  if (list.length === 0) return undefined;
  return { list, mayWantBody: list.some(mayWant) };
}

const mayWant = ({ body, urls, looksAtBody }: ResponseEdit): boolean =>
  body !== undefined || urls !== undefined || looksAtBody;

function compile(option: ResponseEditOptions): ResponseEdit | undefined {
  const headers = createHeaderEdits(option.headers);
  const body = createBodyEdits(option);
  const { when, urls, bodyLimit: maxBytes } = option;
  if (headers === undefined && body === undefined && urls === undefined) return undefined;
  const looksAtBody = when?.needsBody === true || headers?.needsBody === true;
  return { when, headers, body, urls, maxBytes, looksAtBody };
}

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;

/** How large an answer may be for these edits. */
export function maxBytesOf(edits: readonly ResponseEdit[]): number {
  const limits = edits.flatMap(({ maxBytes }) => maxBytes ?? []);
  return limits.length === 0 ? DEFAULT_MAX_BYTES : Math.max(...limits);
}

/** What is done to one answer. */
export interface AnswerPlan {
  /** In order; the conditions of those that look at the body are still to be asked. */
  readonly edits: readonly ResponseEdit[];
  readonly wantsBody: boolean;
  /** Whether the body, which need not be there (HEAD, 304), is another one for the client than for the service. */
  readonly changesBody: boolean;
  /** Why a body of its type must not pass; undefined where it may. */
  readonly refusal: string | undefined;
}

/** What expressions see of an answer without its body; made when the first of them asks. */
export function sightsOf(status: number, fields: AnswerFields): () => Sights {
  let sights: Sights | undefined;
  return () => {
    sights ??= { response: new ResponseFacts(status, fields) };
    return sights;
  };
}

/** Finds out, by its head, what is done to an answer. What looks at a body of JSON is left out where there is none. */
export function planAnswer(
  { list, mayWantBody }: ResponseEdits,
  context: RequestContext,
  status: number,
  fields: AnswerFields,
): AnswerPlan {
  const sights = sightsOf(status, fields);
  const held = list.filter(({ when }) => when === undefined || when.needsBody || when.holds(context, sights()));
  if (!mayWantBody) return { edits: held, wantsBody: false, changesBody: false, refusal: undefined };
  const form = formOf(contentTypeOf(fields));
  // The first edit may make JSON of XML, and the ones after it look at that.
  const isJson =
    form === 'json' || held.some(({ body }) => body !== undefined && form === 'xml' && touches(body, form));
  const edits = isJson ? held : held.filter(({ looksAtBody }) => !looksAtBody);
  const changesBody = edits.some((edit) => changes(edit, form, status));
  const wantsBody = changesBody || edits.some(({ looksAtBody }) => looksAtBody);
  return { edits, wantsBody, changesBody, refusal: findRefusal(held, form, status, fields) };
}

function findRefusal(
  held: readonly ResponseEdit[],
  form: BodyForm,
  status: number,
  fields: AnswerFields,
): string | undefined {
  if (refusesForm(held, form)) return 'The service answered in another type than this route gives away.';
  if (!held.some(mayWant)) return undefined;
  // The type of its parts, which no edit looks into, stands within each of them (RFC 9110, section 14.6).
  if (status === 206 && isMultipart(fields)) return PART;
  if (!wantsJson(held) && !held.some(({ urls }) => urls !== undefined)) return undefined;
  const fault = findTypeFault([fields['content-type'] ?? []].flat());
  return fault && `The answer of the service ${fault}.`;
}

/** Asked for by nobody, since Range is not sent on: half a JSON can't be edited, and must not pass unedited. */
export const PART = 'The service sent a part of what has to be edited whole.';

const isMultipart = (fields: AnswerFields): boolean =>
  [fields['content-type'] ?? []].flat().some((field) => /multipart\//i.test(field));

function changes({ body, urls }: ResponseEdit, form: BodyForm, status: number): boolean {
  // A 304 has no type, and is about the answer that has been changed.
  if (status === 304) return body !== undefined || urls !== undefined;
  return (body !== undefined && touches(body, form)) || (urls !== undefined && form !== 'other');
}

/** The Content-Type of an answer. */
export function contentTypeOf(fields: AnswerFields): string | undefined {
  const value = fields['content-type'];
  return typeof value === 'string' ? value : value?.[0];
}
