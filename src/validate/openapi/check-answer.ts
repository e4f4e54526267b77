import { isUtf8 } from 'node:buffer';
import type { RequestContext } from '../../context.ts';
import { JsonTooDeep, parseJson } from '../../lib/json-text.ts';
import { isJsonType, isReadAsUtf8, mediaTypeOf, parseMediaType } from '../../lib/media-type.ts';
import type { AnswerFields } from '../../sink.ts';
import { describeFaults } from '../problem-entries.ts';
import type { Api } from './api.ts';
import { findMedia } from './check-request.ts';
import type { Media, Operation } from './operation.ts';

/** What a document says of an answer by its head: what is wrong with it already, or the schema of its body. */
export interface Expected {
  readonly fault: string | undefined;
  readonly schema: string | undefined;
}

const NOTHING: Expected = { fault: undefined, schema: undefined };

const NOT_MODIFIED = 304;
const PART = 206;
const NO_SUCH_PART = 416;

type AnswerRequest = Pick<RequestContext, 'method'> & { readonly req: Pick<RequestContext['req'], 'headers'> };

/** What the operation says of an answer with this head. */
export function expectAnswer(
  { answers }: Operation,
  { method, req }: AnswerRequest,
  status: number,
  fields: AnswerFields,
): Expected {
  if (status === NOT_MODIFIED || status < 200) return NOTHING;
  const isPartAsked = req.headers.range !== undefined;
  const media = mediaOf(answers, status, isPartAsked);
  if (media === undefined && (status >= 500 || (status === NO_SUCH_PART && isPartAsked))) return NOTHING;
  if (media === undefined) return faulty(`the status ${status} is not described`);
  if (method === 'HEAD' || status === 204 || media.length === 0) return NOTHING;
  return status === PART ? expectPart(media, fields) : expectBody(media, fields);
}

function mediaOf(answers: Operation['answers'], status: number, isPartAsked: boolean): readonly Media[] | undefined {
  const described = answers.get(String(status)) ?? answers.get(`${String(status)[0]}XX`) ?? answers.get('DEFAULT');
  // Whoever asks for a part gets one of what there is to get (RFC 9110, section 14.2); few documents say so.
  return described ?? (status === PART && isPartAsked ? answers.get('200') : undefined);
}

function faulty(fault: string): Expected {
  return { fault, schema: undefined };
}

function expectBody(media: readonly Media[], fields: AnswerFields): Expected {
  const [written, second] = [fields['content-type'] ?? []].flat();
  if (written === undefined) return faulty('it has no Content-Type');
  const type = second === undefined ? parseMediaType(written) : undefined;
  if (type === undefined) return faulty('its Content-Type is not one media type');
  const found = findMedia(media, type.type);
  if (found === undefined) return faulty('its Content-Type is not described');
  if (found.schema === undefined || !isJsonType(type.type)) return NOTHING;
  return isReadAsUtf8(type) ? { fault: undefined, schema: found.schema } : faulty('its charset is not UTF-8');
}

/** A part can't be checked, and need not be where the whole would not. */
function expectPart(media: readonly Media[], fields: AnswerFields): Expected {
  const [written] = [fields['content-type'] ?? []].flat();
  const isChecked = media.some(({ schema }) => schema !== undefined);
  if (mediaTypeOf(written) === 'multipart/byteranges' && !isChecked) return NOTHING;
  const whole = expectBody(media, fields);
  return whole.schema === undefined ? whole : faulty('it is a part of what has to be checked whole');
}

/** The first fault of an answer's plain body; undefined where it is as it should be. */
export function findAnswerFault(api: Api, schema: string, body: Buffer): string | undefined {
  if (!isUtf8(body)) return 'its body is not UTF-8';
  let value: unknown;
  try {
    value = parseJson(body.toString());
  } catch (error) {
    if (error instanceof JsonTooDeep || error instanceof SyntaxError) return 'its body is no JSON that is read here';
    throw error;
  }
  const [first] = describeFaults(api.answerCheck(schema)(value), 'body');
  return first === undefined ? undefined : `${first.pointer === '' ? 'its body' : first.pointer} ${first.detail}`;
}
