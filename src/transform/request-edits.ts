import { z } from 'zod';
import { bodyOf } from '../body/body-of.ts';
import { jsonBodyOf, plainBodyOf, replaceBody } from '../body/json-body.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { distinctFields } from '../lib/distinct-fields.ts';
import { hasBody } from '../lib/has-body.ts';
import type { Expression } from '../values/expression.ts';
import type { Sights } from '../values/facts.ts';
import { condition } from '../values/options.ts';
import { bodyKeys, checkBodyKeys, createBodyEdits } from './body-options.ts';
import { createHeaderEdits, type HeaderEdits, headerEditsOption, type Render } from './header-edits.ts';
import { findRequestNameFault } from './header-names.ts';
import { jsonEditsOption } from './json-edits.ts';
import { type BodyEdits, type BodyForm, formOf, MessageBody, refusesForm, touches, wantsJson } from './message-body.ts';
import { MessageFault } from './message-fault.ts';
import { findTypeFault } from './message-type.ts';
import { createQueryEdits, type QueryEdits, queryEditsOption } from './query-edits.ts';

/** One object of the key `request`. */
export const requestEditOption = z
  .strictObject({
    when: condition('request')
      .optional()
      .describe('Expression that must hold for these edits to be done: `request.method == "POST"`.'),
    headers: headerEditsOption('request', findRequestNameFault)
      .optional()
      .describe('Header fields as the service sees them: remove, rename, set, add, in this order.'),
    query: queryEditsOption
      .optional()
      .describe('Parameters of the query as the service sees them: remove, rename, set, add, in this order.'),
    json: jsonEditsOption('request')
      .optional()
      .describe('A body of JSON as the service sees it: pick, omit, rename, set, add, wrap, in this order.'),
    ...bodyKeys,
  })
  .superRefine(checkBodyKeys);

interface Edit {
  readonly when: Expression | undefined;
  readonly headers: HeaderEdits | undefined;
  readonly query: QueryEdits | undefined;
  readonly body: BodyEdits | undefined;
  /** Whether anything in it looks at the body. */
  readonly looksAtBody: boolean;
}

/** What a route changes of its requests. */
export interface RequestEdits {
  /** Undefined where it is done at once; else once the body has come. Throws or rejects with what refuses the request. */
  apply(context: RequestContext): Promise<void> | undefined;
}

/** Compiles the edits of a route; undefined where there are none. */
export function createRequestEdits(options: readonly z.output<typeof requestEditOption>[]): RequestEdits | undefined {
  const edits = options.flatMap((option): Edit[] => {
    const headers = createHeaderEdits(option.headers);
    const query = createQueryEdits(option.query);
    const body = createBodyEdits(option);
    if (headers === undefined && query === undefined && body === undefined) return [];
    const looksAtBody = [option.when, headers, query].some((part) => part?.needsBody === true);
    return [{ when: option.when, headers, query, body, looksAtBody }];
  });
  if (edits.length === 0) return undefined;
  const mayWantBody = edits.some(({ body, looksAtBody }) => body !== undefined || looksAtBody);
  return {
    apply(context) {
      const held = edits.filter(({ when }) => when === undefined || when.needsBody || when.holds(context));
      if (!mayWantBody || !wantsBody(context, held)) {
        applyAll(context, held, undefined);
        return undefined;
      }
      if (context.dryRun && !hasBody(context.req)) {
        context.trace?.push({ stage: 'request', decision: 'edits that need the body are not tried' });
        applyAll(
          context,
          held.filter(({ looksAtBody }) => !looksAtBody),
          undefined,
        );
        return undefined;
      }
      return readBody(context).then((body) => applyAll(context, held, body));
    },
  };
}

function wantsBody(context: RequestContext, edits: readonly Edit[]): boolean {
  const form = formOf(context.req.headers['content-type']);
  if (hasBody(context.req)) refuseType(context, edits, form);
  if (form !== 'json' && form !== 'xml') return false;
  const wants = edits.some(
    ({ body, looksAtBody }) => (looksAtBody && form === 'json') || (body !== undefined && touches(body, form)),
  );
  return wants && bodyOf(context) !== undefined;
}

/** Throws `unsupported_media_type` (415) for a body that would pass these edits, or would be another one to the service. */
function refuseType({ req }: RequestContext, edits: readonly Edit[], form: BodyForm): void {
  if (refusesForm(edits, form)) throw new GatewayError('unsupported_media_type');
  if (!wantsJson(edits)) return;
  // Node keeps the first of several, and a service may go by the last.
  const [, ...others] = distinctFields(req.rawHeaders).get('content-type') ?? [];
  const fault = findTypeFault([req.headers['content-type'] ?? '', ...others]);
  if (fault !== undefined) throw new GatewayError('unsupported_media_type', `The body ${fault}.`);
}

/** Undefined where nothing came: chunks can be none. */
async function readBody(context: RequestContext): Promise<MessageBody | undefined> {
  const contentType = context.req.headers['content-type'];
  const bytes = await plainBodyOf(context);
  if (bytes.length === 0) return undefined;
  return new MessageBody(contentType, bytes, formOf(contentType) === 'json' ? await jsonBodyOf(context) : undefined);
}

/**
 * One edit after the other. Expressions see the request as the client has sent it, but for the body, which they see as
 * the edits before have left it.
 */
function applyAll(context: RequestContext, edits: readonly Edit[], body: MessageBody | undefined): void {
  const query = { text: context.query };
  try {
    for (const edit of edits) applyOne(context, edit, query, body);
    body?.settle();
    if (body?.isChanged === true) replaceBody(context, body.bytes);
  } catch (error) {
    throw error instanceof MessageFault ? refusalOf(error) : error;
  }
  if (query.text !== context.query) context.editedQuery = query.text;
}

function applyOne(context: RequestContext, edit: Edit, query: { text: string }, body: MessageBody | undefined): void {
  if (!holdsFor(edit.when, context, body)) return;
  if (body !== undefined && edit.body !== undefined) body.toJson(edit.body);
  const sights: Sights = { body: body?.json };
  const render: Render = (value) => value.render(context, sights);
  query.text = edit.query?.edit(query.text, render) ?? query.text;
  if (body !== undefined && edit.body !== undefined) {
    body.edit(edit.body, (value) => value.render(context, sights), undefined);
    body.toXml(edit.body);
    if (edit.body.format !== undefined) replaceType(context.upstreamHeaders, body.contentType);
  }
  edit.headers?.editList(context.upstreamHeaders, render);
  context.trace?.push({ stage: 'request', decision: `edits ${namesOf(edit)}` });
}

/** A condition on a body of JSON does not hold where there is none; all others have been asked before. */
function holdsFor(when: Expression | undefined, context: RequestContext, body: MessageBody | undefined): boolean {
  return when?.needsBody !== true || (body?.form === 'json' && when.holds(context, { body: body.json }));
}

function replaceType(fields: string[], contentType: string | undefined): void {
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === 'content-type') fields[i + 1] = contentType ?? '';
}

const namesOf = ({ headers, query, body }: Edit): string =>
  Object.entries({ headers, query, body })
    .flatMap(([name, part]) => (part === undefined ? [] : [name]))
    .join(', ');

function refusalOf(fault: MessageFault): GatewayError {
  const code = fault.reason === 'too large' ? 'body_too_large' : 'bad_body';
  return new GatewayError(code, `The body: ${fault.message}.`, { cause: fault });
}
