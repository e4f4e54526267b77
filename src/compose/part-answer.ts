import { isUtf8 } from 'node:buffer';
import { decodeContent, isIdentity, UndecodableContent } from '../lib/decode-content.ts';
import { MAX_JSON_DEPTH, parseJsonExactly } from '../lib/json-text.ts';
import { isJsonType } from '../lib/media-type.ts';
import type { AnswerFields } from '../sink.ts';
import { PartFault } from './part-fault.ts';
import { pickFrom } from './pick-from.ts';
import type { PartPlan } from './plan.ts';
import { isWellFormed } from './well-formed.ts';

/** What came of a part. */
export interface PartAnswer {
  /** JSON, ready to be put into the whole. */
  readonly json: Buffer;
  /** For those that come after it; undefined where none refers to it. */
  readonly value: unknown;
  readonly fields: AnswerFields;
}

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly fields: AnswerFields;
  readonly body: Buffer;
}

/** The body of an answer without its coding. Rejects with `PartFault`. */
export async function plainBody({ fields, body }: RawAnswer, maxBytes: number): Promise<Buffer> {
  const coding = [fields['content-encoding'] ?? []].flat().join(',');
  if (isIdentity(coding)) return body;
  try {
    return await decodeContent(body, coding, maxBytes);
  } catch (error) {
    if (!(error instanceof UndecodableContent)) throw error;
    const code = error.reason === 'too large' ? 'answer_too_large' : 'bad_answer';
    throw new PartFault(502, code, `could not be decoded: ${error.message}`, { cause: error });
  }
}

/** Reads the answer of a part; its body is plain. Throws `PartFault` for one that is no success, or no JSON. */
export function readAnswer({ pick, isReferredTo }: PartPlan, { status, fields, body }: RawAnswer): PartAnswer {
  if (status < 200 || status > 299) throw PartFault.ofStatus(status, fields, body);
  if (!isJson(fields)) throw noJson(status);
  // It stays as it was written; but a byte that is no text would make the whole unreadable.
  const json = isUtf8(body) ? body : Buffer.from(body.toString());
  if (!isWellFormed(json, MAX_JSON_DEPTH))
    throw new PartFault(502, 'bad_answer', 'answered what is no JSON, or nested too deep');
  return {
    json: pick === undefined ? json : pickFrom(json, pick),
    value: isReferredTo ? parseJsonExactly(json.toString()) : undefined,
    fields,
  };
}

export function isJson(fields: AnswerFields): boolean {
  return isJsonType([fields['content-type'] ?? []].flat()[0]);
}

export function noJson(status: number): PartFault {
  return new PartFault(502, 'bad_answer', `answered ${status} without JSON`);
}
