import { ChoosingSink } from '../answer/choosing-sink.ts';
import { type AnswerReader, type WholeAnswer, WholeAnswerSink, withBody } from '../answer/whole-answer.ts';
import type { RequestContext, Sink } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { JsonTooDeep, parseJsonExactly } from '../lib/json-text.ts';
import { isJsonType } from '../lib/media-type.ts';
import type { Answerer, AnswerFields } from '../sink.ts';
import { ResponseFacts, type Sights } from '../values/facts.ts';
import { MessageBody } from './message-body.ts';
import { MessageFault } from './message-fault.ts';
import { type FindPathMap, findPublicUrls } from './public-urls.ts';
import {
  type AnswerPlan,
  contentTypeOf,
  maxBytesOf,
  PART,
  planAnswer,
  type ResponseEdit,
  type ResponseEdits,
  sightsOf,
} from './response-edits.ts';

/** Statuses without a body (RFC 9110, sections 15.3.5 and 15.4.5). */
const BODILESS = new Set([204, 205, 304]);
const NO_BYTES = Buffer.alloc(0);

/**
 * Edits the answer of one request: its head at once, where that is all, so that the body streams by untouched; else
 * all of it, once it is whole.
 */
export class EditingSink extends ChoosingSink {
  readonly #edits: ResponseEdits;
  readonly #findPathMap: FindPathMap;

  constructor(edits: ResponseEdits, findPathMap: FindPathMap, next: Sink) {
    super(next);
    this.#edits = edits;
    this.#findPathMap = findPathMap;
  }

  head(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    try {
      this.#begin(context, status, fields, answerer);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.refuse(context, error);
    }
  }

  #begin(context: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
    const plan = planAnswer(this.#edits, context, status, fields);
    const isBodiless = context.method === 'HEAD' || BODILESS.has(status);
    if (plan.refusal !== undefined && !isBodiless && fields['content-length'] !== '0') {
      throw new GatewayError('bad_answer', plan.refusal);
    }
    if (plan.wantsBody && !isBodiless) {
      if (status === 206) throw new GatewayError('bad_answer', PART);
      const whole = new WholeAnswerSink(this.#readerOf(plan, context), this.behind);
      this.goThrough(whole).head(context, status, fields, answerer);
      return;
    }
    const edited = plan.changesBody ? headWithoutBody(plan, { status, fields, answerer, body: NO_BYTES }) : fields;
    this.behind.head(context, status, editHead(plan, context, status, fields, edited), answerer);
  }

  #readerOf(plan: AnswerPlan, owner: RequestContext): AnswerReader {
    const findPathMap = this.#findPathMap;
    return {
      maxBytes: maxBytesOf(plan.edits),
      wants: (context) => context === owner,
      read: (context, answer) => editAnswer(plan, context, answer, findPathMap),
    };
  }
}

/** The fields of an answer to HEAD, or of a 304, as they would be with the body. */
function headWithoutBody({ edits }: AnswerPlan, answer: WholeAnswer): AnswerFields {
  const contentType = contentTypeOf(answer.fields);
  const body = new MessageBody(contentType, NO_BYTES, null);
  for (const { body: one } of edits) if (one !== undefined) body.pretend(one);
  return withBody(answer, NO_BYTES, body.contentType === contentType ? undefined : body.contentType).fields;
}

/** Edits of the head alone. What looks at a body is not there to look at, and is left out. */
function editHead(
  { edits }: AnswerPlan,
  context: RequestContext,
  status: number,
  original: AnswerFields,
  fields: AnswerFields,
): AnswerFields {
  const sights = sightsOf(status, original);
  let edited = fields;
  for (const { headers, looksAtBody } of edits) {
    if (headers !== undefined && !looksAtBody)
      edited = headers.editFields(edited, (value) => value.render(context, sights()));
  }
  return edited;
}

function editAnswer(
  { edits }: AnswerPlan,
  context: RequestContext,
  answer: WholeAnswer,
  findPathMap: FindPathMap,
): WholeAnswer {
  try {
    const contentType = contentTypeOf(answer.fields);
    const body = new MessageBody(contentType, answer.body, isJsonType(contentType) ? parse(answer.body) : undefined);
    let { fields } = answer;
    for (const edit of edits) fields = editOnce(edit, context, answer, { fields, body, findPathMap });
    body.settle();
    const edited = { ...answer, fields };
    return body.isChanged ? withBody(edited, body.bytes) : edited;
  } catch (error) {
    throw error instanceof MessageFault ? refusalOf(error) : error;
  }
}

/** An answer on its way through the edits. */
interface Edited {
  readonly fields: AnswerFields;
  readonly body: MessageBody;
  readonly findPathMap: FindPathMap;
}

/**
 * One edit; answers the fields as they are afterwards. Expressions see status and header fields as the service has sent
 * them, and the body as the edits before have left it.
 */
function editOnce(
  edit: ResponseEdit,
  context: RequestContext,
  { status, fields: original }: WholeAnswer,
  { fields, body, findPathMap }: Edited,
): AnswerFields {
  const before: Sights = { response: new ResponseFacts(status, original, body.json) };
  // Conditions that look at no body have been asked before.
  if (edit.when?.needsBody === true && !(body.form === 'json' && edit.when.holds(context, before))) return fields;
  if (edit.body !== undefined) body.toJson(edit.body);
  if (edit.looksAtBody && body.form !== 'json') return fields;
  const sights: Sights = { response: new ResponseFacts(status, original, body.json) };
  body.edit(
    edit.body,
    (value) => value.render(context, sights),
    edit.urls && findPublicUrls(edit.urls, findPathMap, context),
  );
  if (edit.body !== undefined) body.toXml(edit.body);
  const typed = edit.body?.format === undefined ? fields : { ...fields, 'content-type': body.contentType };
  return edit.headers?.editFields(typed, (value) => value.render(context, sights)) ?? typed;
}

function parse(bytes: Buffer): unknown {
  try {
    // Some services begin with a byte order mark, which a reader may ignore (RFC 8259, section 8.1).
    return parseJsonExactly(bytes.toString().replace(/^\ufeff/, ''));
  } catch (cause) {
    if (cause instanceof JsonTooDeep) throw new MessageFault('malformed', cause.message, { cause });
    if (cause instanceof SyntaxError) throw new MessageFault('malformed', 'no JSON', { cause });
    throw cause;
  }
}

function refusalOf(fault: MessageFault): GatewayError {
  const code = fault.reason === 'too large' ? 'answer_too_large' : 'bad_answer';
  return new GatewayError(code, `The answer of the service: ${fault.message}.`, { cause: fault });
}
