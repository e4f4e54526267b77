import { isUtf8 } from 'node:buffer';
import { JsonTooDeep, parseJson } from '../../lib/json-text.ts';
import { isJsonType } from '../../lib/media-type.ts';
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

/** Answers that belong to HTTP and not to the operation: nothing new, a part, the trouble of a proxy's own. */
const OF_HTTP = new Set([206, 304, 416]);

export function expectAnswer({ answers }: Operation, method: string, status: number, fields: AnswerFields): Expected {
  if (OF_HTTP.has(status) || status < 200) return NOTHING;
  const media = answers.get(String(status)) ?? answers.get(`${String(status)[0]}XX`) ?? answers.get('DEFAULT');
  // That a service has failed is told by its status; few documents say that it may.
  if (media === undefined && status >= 500) return NOTHING;
  if (media === undefined) return { fault: `the status ${status} is not described`, schema: undefined };
  if (method === 'HEAD' || status === 204 || media.length === 0 || fields['content-length'] === '0') return NOTHING;
  return expectBody(media, [fields['content-type'] ?? []].flat()[0]);
}

function expectBody(media: readonly Media[], contentType: string | undefined): Expected {
  if (contentType === undefined) return { fault: 'it has no Content-Type', schema: undefined };
  const found = findMedia(media, contentType);
  if (found === undefined) return { fault: 'its Content-Type is not described', schema: undefined };
  return { fault: undefined, schema: isJsonType(contentType) ? found.schema : undefined };
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
